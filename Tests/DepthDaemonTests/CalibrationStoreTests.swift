import DepthDaemon
import Foundation
import TestSupport
import Testing

@Suite struct CalibrationStoreTests {
  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func `each calibration leads back to the one before it`() throws {
    let folder = try TemporaryFolder()
    let store = CalibrationStore(path: folder.file("front.yaml"))
    #expect(try store.apply("one") == nil)
    #expect(try store.apply("two")?.number == 1)
    #expect(try store.apply("three")?.number == 2)
    #expect(try text(store.path) == "three")
    #expect(try store.rollback().number == 2)
    #expect(try text(store.path) == "two")
    #expect(try store.rollback().number == 1)
    #expect(try text(store.path) == "one")
    #expect(throws: CalibrationStoreError.nothingEarlier(path: store.path)) { try store.rollback() }
    #expect(try text(store.path) == "one")
  }

  @Test func `what was rolled away is no step of the way back`() throws {
    let folder = try TemporaryFolder()
    let store = CalibrationStore(path: folder.file("front.yaml"))
    for content in ["one", "two", "bad"] { try store.apply(content) }
    _ = try store.rollback()
    try store.apply("three")
    _ = try store.rollback()
    #expect(try text(store.path) == "two")
    #expect(try text(folder.file("generations/front.yaml.undone")) == "three")
  }

  @Test func `a file edited by hand is kept too`() throws {
    let folder = try TemporaryFolder()
    let store = CalibrationStore(path: folder.file("front.yaml"))
    try store.apply("one")
    try "by hand".write(toFile: store.path, atomically: true, encoding: .utf8)
    try store.apply("two")
    _ = try store.rollback()
    #expect(try text(store.path) == "by hand")
  }

  @Test func `the same file applied twice is one step`() throws {
    let folder = try TemporaryFolder()
    let store = CalibrationStore(path: folder.file("front.yaml"))
    for content in ["one", "two", "two", "two"] { try store.apply(content) }
    _ = try store.rollback()
    #expect(try text(store.path) == "one")
  }

  @Test func `old generations are removed`() throws {
    let folder = try TemporaryFolder()
    let store = CalibrationStore(path: folder.file("front.yaml"))
    for number in 0..<30 { try store.apply("\(number)") }
    #expect(store.generations.count == CalibrationStore.generationLimit)
    #expect(store.generations.last?.number == 29)
  }

  @Test func `a link stays a link`() throws {
    let folder = try TemporaryFolder()
    try "one".write(toFile: folder.file("real.yaml"), atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("front.yaml"), withDestinationPath: folder.file("real.yaml"))
    try CalibrationStore(path: folder.file("front.yaml")).apply("two")
    #expect(try text(folder.file("real.yaml")) == "two")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("front.yaml"))
        == folder.file("real.yaml"))
  }

  @Test func `a folder that cannot be written changes nothing and says so`() {
    let store = CalibrationStore(path: "/proc/front.yaml")
    let error = #expect(throws: CalibrationStoreError.self) { try store.apply("one") }
    #expect(error?.description.contains("/proc/generations") == true)
  }
}
