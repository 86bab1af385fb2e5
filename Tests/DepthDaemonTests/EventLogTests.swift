import DepthDaemon
import Foundation
import Quantities
import TestSupport
import Testing
import WireFormat

@Suite struct EventLogTests {
  private func event(_ number: Int) -> EventMessage {
    EventMessage(
      stamp: WallTime(nanoseconds: Int64(number) * 1_000_000_000),
      time: MonotonicTime(seconds: Double(number)),
      level: .info, code: "camera_streaming", camera: "front", text: "event \(number)")
  }

  private func file(_ folder: TemporaryFolder) -> String { folder.path + "/" + EventLog.fileName }

  @Test func `events outlive the log that wrote them`() throws {
    let folder = try TemporaryFolder()
    var log = EventLog(stateDirectory: folder.path)
    for number in 0..<3 { log.append(event(number)) }
    let again = EventLog(stateDirectory: folder.path)
    #expect(again.lines == log.lines)
    #expect(again.lines.count == 3)
    #expect(again.damage == nil)
  }

  @Test func `the log and its file stay bounded`() throws {
    let folder = try TemporaryFolder()
    var log = EventLog(stateDirectory: folder.path)
    for number in 0..<1000 {
      log.append(event(number))
      #expect(EventLog.read(file(folder)).lines.count <= 2 * EventLog.limit)
    }
    #expect(log.lines.count == EventLog.limit)
    #expect(log.lines.last?.contains("event 999") == true)
    #expect(EventLog(stateDirectory: folder.path).lines == log.lines)
  }

  @Test func `a file cut short is set aside and its whole lines are kept`() throws {
    let folder = try TemporaryFolder()
    var log = EventLog(stateDirectory: folder.path)
    for number in 0..<3 { log.append(event(number)) }
    let text = try String(contentsOfFile: file(folder), encoding: .utf8)
    for length in text.utf8.count - 40..<text.utf8.count - 1 {
      try String(text.prefix(length)).write(toFile: file(folder), atomically: true, encoding: .utf8)
      let again = EventLog(stateDirectory: folder.path)
      #expect(again.lines == Array(log.lines.prefix(2)))
      #expect(again.damage != nil)
      #expect(FileManager.default.fileExists(atPath: file(folder) + ".damaged"))
    }
  }

  @Test(arguments: ["not JSON at all\n", "{\"v\":1}\n", "\u{0}\u{0}\u{0}", "[1,2]\nx\n"])
  func `a foreign file is set aside and a new log begun`(_ text: String) throws {
    let folder = try TemporaryFolder()
    try text.write(toFile: file(folder), atomically: true, encoding: .utf8)
    var log = EventLog(stateDirectory: folder.path)
    #expect(log.lines.isEmpty)
    #expect(log.damage != nil)
    log.append(event(1))
    #expect(EventLog.read(file(folder)).lines.count == 1)
    #expect(EventLog.read(file(folder)).problem == nil)
    #expect(try String(contentsOfFile: file(folder) + ".damaged", encoding: .utf8) == text)
  }

  @Test func `an empty file after a power cut is no damage`() throws {
    let folder = try TemporaryFolder()
    try "".write(toFile: file(folder), atomically: true, encoding: .utf8)
    #expect(EventLog(stateDirectory: folder.path).damage == nil)
  }

  @Test func `a folder that cannot be written loses nothing that is in memory`() {
    var log = EventLog(stateDirectory: "/nonexistent")
    log.append(event(1))
    #expect(log.lines.count == 1)
    #expect(log.failure?.contains("No such file or directory") == true)
  }
}
