import DepthDaemon
import Foundation
import Logging
import Platform
import TestSupport
import Testing

/// The daemon's own threads while a source is on trial.
@Suite struct TrialFramesTests {
  private func settings(in folder: TemporaryFolder) throws -> DaemonSettings {
    try Data(SmallNetwork.file()).write(to: URL(fileURLWithPath: folder.file("small.onnx")))
    let text = """
      [camera]
      source = "sim:street"
      [model]
      path = "small.onnx"
      threads = 1
      [publish]
      directory = "\(folder.path)"
      [state]
      directory = "\(folder.path)"

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("config.toml")))
    var settings = try LoadedConfiguration(path: folder.file("config.toml"), environment: [:]).settings
    settings.openSource = SourceChoice.scripted([.frame]).open
    settings.calibration = nil
    return settings
  }

  @Test func `frames of a source on trial meet no pipeline that was not made for them`() throws {
    let folder = try TemporaryFolder()
    let crew = try Crew(settings: try settings(in: folder), logger: Logger(label: "test"))
    defer { crew.stop() }
    #expect(eventually { crew.perception.published.value > 3 })
    let ticket = ChangeTicket(triesSource: true)
    crew.channels.sourceChanges.put(
      SourceChange(ticket: ticket, attempt: 1, source: .scripted([.frame])))
    #expect(ticket.state(after: .sourceOnTrial) == .ready)
    // Perception knows nothing of the change: the new source's frames are counted and dropped.
    let dropped = crew.perception.failed.value
    #expect(eventually { crew.perception.failed.value > dropped + 3 })
    let published = crew.perception.published.value
    #expect(eventually { crew.perception.failed.value > dropped + 6 })
    #expect(crew.perception.published.value == published)
    #expect(ticket.withdraw("given up"))
    #expect(eventually { crew.perception.published.value > published + 3 })
  }
}
