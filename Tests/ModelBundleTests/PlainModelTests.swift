// Single-file networks: loaded on several threads, planned more than once, given away.
import Foundation
import ModelBundle
import Platform
import Quantities
import TestSupport
import Testing

@Suite struct PlainModelTests {
  private static let size = ImageSize(width: 64, height: 32)

  /// image -> two convolutions -> disparity.
  private func folder(missingBytes: Int = 0) throws -> TemporaryFolder {
    var graph = ONNXBuilder()
    graph.input("image", [1, 3, 32, 64])
    graph.weights("w", (0..<(16 * 27)).map { Float($0 % 13) / 13 - 0.5 }, [16, 3, 3, 3])
    graph.weights("v", (0..<16).map { Float($0 % 7) / 7 - 0.4 }, [1, 16, 1, 1])
    graph.node("Conv", ["image", "w"], ["features"], name: "stem", ints: ["pads": [1, 1, 1, 1]])
    graph.node("Conv", ["features", "v"], ["logits"], name: "head")
    graph.node("Sigmoid", ["logits"], ["disparity"], name: "squash")
    graph.output("disparity", [1, 1, 32, 64])
    let folder = try TemporaryFolder()
    let file = URL(fileURLWithPath: folder.file("plain.onnx"))
    try Data(graph.file.dropLast(missingBytes)).write(to: file)
    return folder
  }

  private func run(_ network: DepthNetwork) -> [Float] {
    for index in network.input.indices { network.input[index] = Float(index % 17) / 17 }
    network.run()
    return Array(network.output)
  }

  @Test(arguments: [1, 2, 3])
  func `a file loaded on several threads is the same model`(threads: Int) throws {
    let folder = try folder()
    let path = folder.file("plain.onnx")
    let team = WorkerTeam(width: threads)
    let alone = try DepthModel.load(path: path)
    let shared = try DepthModel.load(path: path, executor: team)
    #expect(shared.hash == alone.hash)
    #expect(shared.hash == (try DepthModel.hash(path: path)))
    let expected = run(try alone.network(for: Self.size, executor: SerialExecutor()))
    #expect(run(try shared.network(for: Self.size, executor: team)) == expected)
  }

  @Test func `a model is planned again, also when its file is gone`() throws {
    let folder = try folder()
    let model = try DepthModel.load(path: folder.file("plain.onnx"))
    let first = run(try model.network(for: Self.size, executor: SerialExecutor()))
    #expect(run(try model.network(for: Self.size, executor: SerialExecutor())) == first)
    try FileManager.default.removeItem(atPath: folder.file("plain.onnx"))
    #expect(model.isIntact)
    #expect(run(try model.network(for: Self.size, executor: SerialExecutor())) == first)
    #expect(Set(first).count > 1)
  }

  @Test func `a model whose file was written over is not planned again, and says why`() throws {
    let folder = try folder()
    let path = folder.file("plain.onnx")
    let model = try DepthModel.load(path: path)
    let first = run(try model.network(for: Self.size, executor: SerialExecutor()))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    let error = #expect(throws: ModelBundleError.self) {
      _ = try model.network(for: Self.size, executor: SerialExecutor())
    }
    #expect(error?.description.contains(path) == true)
    #expect(!model.isIntact)
    #expect(Set(first).count > 1)
  }

  @Test func `a cut file is refused on several threads too`() throws {
    let folder = try folder(missingBytes: 40)
    let path = folder.file("plain.onnx")
    #expect(throws: ModelBundleError.self) { try DepthModel.load(path: path, executor: WorkerTeam(width: 2)) }
  }
}
