import Foundation
import ModelBundle
import TestSupport
import Testing

struct ReadableFileTests {
  private let folder: TemporaryFolder
  private let file: ReadableFile
  private var path: String { folder.file("network.onnx") }

  init() throws {
    folder = try TemporaryFolder()
    try Data([1, 2, 3, 4]).write(to: URL(fileURLWithPath: folder.file("network.onnx")))
    file = try ReadableFile(path: folder.file("network.onnx"))
  }

  @Test func `a file that another takes the place of is read as it was`() throws {
    try Data([9]).write(to: URL(fileURLWithPath: path), options: .atomic)
    #expect(try file.bytes() == [1, 2, 3, 4])
    #expect(try file.bytes(1..<3) == [2, 3])
    try file.requireUnchanged()
  }

  @Test func `a file that is cut short while it is open is refused with the place`() throws {
    #expect(truncate(path, 2) == 0)
    let error = #expect(throws: ModelBundleError.self) { try file.bytes() }
    #expect(error?.description.contains("it ends at byte 2; it had 4") == true)
  }

  @Test func `a file that is written to while it is open is told`() throws {
    try file.requireUnchanged()
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.write(contentsOf: Data([7, 7, 7, 7, 7]))
    try handle.close()
    let error = #expect(throws: ModelBundleError.self) { try file.requireUnchanged() }
    #expect(error?.description.contains("written to since it was opened") == true)
  }

  @Test func `a folder is no file`() throws {
    #expect(throws: ModelBundleError.self) { try ReadableFile(path: folder.path) }
  }
}
