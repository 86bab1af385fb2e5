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

  @Test func `a model that is kept can be planned again after a copy was given away`() throws {
    let folder = try folder()
    let model = try DepthModel.load(path: folder.file("plain.onnx"))
    let copy = model
    let given = run(try (consume copy).network(for: Self.size, executor: SerialExecutor()))
    #expect(run(try model.network(for: Self.size, executor: SerialExecutor())) == given)
    #expect(Set(given).count > 1)
  }

  @Test func `a cut file is refused on several threads too`() throws {
    let folder = try folder(missingBytes: 40)
    let path = folder.file("plain.onnx")
    #expect(throws: ModelBundleError.self) { try DepthModel.load(path: path, executor: WorkerTeam(width: 2)) }
  }
}
