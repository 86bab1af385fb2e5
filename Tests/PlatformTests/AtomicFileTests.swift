import Foundation
import Platform
import Quantities
import Testing

@Suite struct AtomicFileTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  @Test func `a file is written, replaced and removed`() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a"
    try AtomicFile.write("one".utf8, to: path)
    try AtomicFile.write("second".utf8, to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
    try AtomicFile.remove(path)
    try AtomicFile.remove(path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func `a folder that is not there is reported`() {
    #expect(throws: SystemErrno.self) { try AtomicFile.write("x".utf8, to: folder.path + "/none/a") }
  }
}
