// A running network leaves the heap alone: counted in a process of its own (Tests/FramePath).
import Foundation
import Testing

@Suite struct NetworkAllocationTests {
  static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["DEPTHD_VECTORS"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(".vectors")
  }()

  @Test(
    arguments: [
      "diffnet-320x96", "rpr-lite-320x96", "monodepth2-r18-320x96", "fastdepth-320x96", "lite-mono-320x96",
    ], [1, 2])
  func `a run allocates nothing`(network: String, threads: Int) throws {
    let model = Self.root.appendingPathComponent("\(network)/model.onnx").path
    try check(["network", model, "320x96", "\(threads)"])
  }

  @Test(arguments: [1, 2])
  func `range points allocate nothing`(threads: Int) throws {
    let file = Self.root.appendingPathComponent("completion-rpr-lite-416x128/san.safetensors").path
    try check(["completion", file, "rpr-lite", "640x192", "\(threads)"])
  }

  @Test(arguments: ["exact", "two_level"], [1, 2])
  func `prior fusion allocates nothing`(search: String, threads: Int) throws {
    let file = Self.root.appendingPathComponent("fusion-rpr-lite-m4096-416x128/priors.safetensors").path
    try check(["fusion", file, "26x8", "\(threads)", "--search", search])
  }

  private func check(_ arguments: [String]) throws {
    // The check is built beside the test bundle.
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let process = Process()
    process.executableURL = folder.appendingPathComponent("framepath")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(arguments): \(output)")
  }
}
