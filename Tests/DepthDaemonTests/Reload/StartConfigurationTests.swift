import Configuration
import DepthDaemon
import Foundation
import ModelBundle
import TestSupport
import Testing

/// What a daemon starts with when files come and go while it is away.
@Suite struct StartConfigurationTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try save("configured.onnx", SmallNetwork.file(gain: 0.1))
    try save("exchanged.onnx", SmallNetwork.file(gain: 0.2))
    try save("config.toml", text())
  }

  private func text(extra: String = "") -> String {
    """
    [camera]
    source = "sim:street"
    [model]
    path = "configured.onnx"
    [state]
    directory = "\(folder.path)"
    \(extra)

    """
  }

  private func save(_ name: String, _ text: String) throws { try save(name, Array(text.utf8)) }

  private func save(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name)))
  }

  private func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: folder.file(name)) }

  /// As `depthctl model exchange` leaves it behind.
  private func exchange() throws {
    var overrides = ConfigurationOverrides()
    _ = overrides.apply(
      .set(key: "model.path", value: folder.file("exchanged.onnx")), configured: "\"configured.onnx\"")
    try overrides.save(stateDirectory: folder.path)
    try LastGoodConfiguration.save(text(), of: folder.file("config.toml"), stateDirectory: folder.path)
  }

  private func start() throws -> RunningConfiguration {
    try StartConfiguration(path: folder.file("config.toml"), environment: [:]).running
  }

  private func name(_ running: RunningConfiguration) -> String {
    String(running.model.path.split(separator: "/").last ?? "")
  }

  @Test func `the file runs as it stands`() throws {
    let running = try start()
    #expect(name(running) == "configured.onnx" && running.fallback == nil)
  }

  @Test(arguments: [true, false])
  func `after an exchange the configured model may be gone or broken`(isGone: Bool) throws {
    try exchange()
    if isGone { try remove("configured.onnx") } else { try save("configured.onnx", "no network") }
    let running = try start()
    #expect(name(running) == "exchanged.onnx" && running.fallback == nil)
  }

  @Test func `an exchanged model that is gone gives way to the configured one, loudly`() throws {
    try exchange()
    try remove("exchanged.onnx")
    let running = try start()
    #expect(name(running) == "configured.onnx")
    #expect(running.fallback?.contains("exchanged.onnx") == true)
  }

  @Test func `when both are gone, both are named`() throws {
    try exchange()
    try remove("exchanged.onnx")
    try remove("configured.onnx")
    let failure = #expect(throws: ConfigurationFailure.self) { try start() }
    let problems = failure?.problems.joined(separator: "\n") ?? ""
    #expect(problems.contains("exchanged.onnx") && problems.contains("configured.onnx"))
  }

  @Test func `a broken file after an exchange is answered with what ran last, exchange included`() throws {
    try exchange()
    try remove("configured.onnx")
    try save("config.toml", text(extra: "[depth]\nmax_m = \"far\""))
    let running = try start()
    #expect(name(running) == "exchanged.onnx")
    #expect(running.fallback?.contains("max_m") == true)
  }

  @Test func `damage of what commands left behind is told`() throws {
    try exchange()
    try save("overrides.json", "{")
    let running = try start()
    #expect(name(running) == "configured.onnx")
    #expect(running.fallback?.contains("overrides.json") == true)
  }
}
