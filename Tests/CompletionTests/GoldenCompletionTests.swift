// The completion network against PyTorch: folders written by scripts/golden-vectors.
import Completion
import Foundation
import Inference
import Platform
import Quantities
import TensorFiles
import TestSupport
import Testing

@Suite struct GoldenCompletionTests {
  static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["DEPTHD_VECTORS"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(".vectors")
  }()
  static let architectures = ["rpr-lite", "diffnet"]
  static let cases = ["none", "too-few", "fewest", "some", "many", "every-pixel"]
  private static let size = ImageSize(width: 416, height: 128)

  private func bytes(_ architecture: String, _ file: String) throws -> [UInt8] {
    let path = Self.root.appendingPathComponent("completion-\(architecture)-\(Self.size)/\(file)")
    return [UInt8](try Data(contentsOf: path))
  }

  /// Error of each level: max |ours - PyTorch| / max(1, max |PyTorch|).
  @Test(arguments: architectures, cases)
  func `additions are PyTorch's`(architecture: String, points name: String) throws {
    let file = try TensorFile(try bytes(architecture, "san.safetensors"), name: "san.safetensors")
    let weights = try CompletionWeights(file, architecture: architecture)
    let network = CompletionNetwork(weights, size: Self.size, executor: WorkerTeam(width: 2))
    network.run(
      try sparseDepth(try NPY(try bytes(architecture, "\(name)/points.npy"))), unitsPerMeter: 1)
    let thinned = try NPY(try bytes(architecture, "\(name)/thinned.npy"))
    #expect(network.usedPoints == thinned.values.count { $0 > 0 })
    for (index, level) in weights.levels.enumerated() {
      let expected = try NPY(try bytes(architecture, "\(name)/addition_\(level.stride).npy"))
      let found = network.addition(of: index)
      #expect(
        expected.shape == [
          1, level.targetChannels, Self.size.height / level.stride, Self.size.width / level.stride,
        ])
      let largest = max(1, expected.values.map(abs).max() ?? 0)
      let error = zip(found, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(
        found.count == expected.values.count && error <= 1e-4 * largest, "stride \(level.stride): \(error)")
    }
  }

  /// The decoder on its own, fed with PyTorch's features.
  @Test(arguments: architectures, cases)
  func `completed disparity is PyTorch's`(architecture: String, points name: String) throws {
    let file = try TensorFile(try bytes(architecture, "san.safetensors"), name: "san.safetensors")
    let weights = try CompletionWeights(file, architecture: architecture)
    let team = WorkerTeam(width: 2)
    let decoder = try Model(onnx: try bytes(architecture, "decoder.onnx"), name: "decoder.onnx")
    let features = try Dictionary(
      uniqueKeysWithValues: decoder.inputs.map {
        ($0.name, try NPY(try bytes(architecture, "\($0.name).npy")))
      })
    let session = try decoder.session(inputSizes: features.mapValues(\.shape), executor: team)
    for (input, array) in features { _ = try session.input(input).update(fromContentsOf: array.values) }
    let points = try sparseDepth(try NPY(try bytes(architecture, "\(name)/points.npy")))
    let network = CompletionNetwork(weights, size: Self.size, executor: team)
    let isCompleting = points.count >= weights.fewestPoints
    if isCompleting {
      network.run(points, unitsPerMeter: 1)
      network.add(
        to: try weights.levels.map { level in
          let shape = try #require(features[level.target]?.shape)
          return DecoderMap(
            base: try #require(try session.input(level.target).baseAddress), channels: shape[1],
            height: shape[2], width: shape[3])
        })
    }
    session.run()
    let expected = try NPY(try bytes(architecture, "\(name)/disparity.npy"))
    let found = UnsafeMutableBufferPointer(mutating: try session.output("disparity"))
    if isCompleting { network.anchor(found) }
    #expect(found.count == expected.values.count)
    let error = zip(found, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error <= 3e-4, "largest error \(error)")
  }

  private func sparseDepth(_ picture: NPY) throws -> SparseDepth {
    try #require(picture.shape == [Self.size.height, Self.size.width])
    var points = SparseDepth(size: Self.size)
    for (pixel, depth) in picture.values.enumerated() where depth > 0 {
      points.insert(row: pixel / Self.size.width, column: pixel % Self.size.width, depth: depth)
    }
    return points
  }
}
