// Whole networks against PyTorch: folders written by `python -m depthtrain.vectors` (see scripts/golden-vectors).
import Foundation
import Inference
import Platform
import Quantities
import TestSupport
import Testing

@Suite struct GoldenNetworkTests {
  /// One folder: model.onnx, input.npy, output.npy (output_1.npy, ...), meta.json.
  static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["DEPTHD_VECTORS"] { return URL(fileURLWithPath: path) }
    return PackageRoot.url(".vectors")
  }()

  static let networks: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return names.filter {
      FileManager.default.fileExists(atPath: root.appendingPathComponent("\($0)/model.onnx").path)
    }.sorted()
  }()

  @Test func `the golden networks are there`() {
    #expect(
      Self.networks.count >= 12,
      "No golden vectors in \(Self.root.path). Run scripts/golden-vectors once, or set DEPTHD_VECTORS.")
  }

  /// The error of each output is max |ours - PyTorch| / max |PyTorch|.
  @Test(arguments: networks, [1, 2])
  func `a network exported by PyTorch gives PyTorch's answer, twice the same`(network: String, threads: Int)
    throws
  {
    let folder = Self.root.appendingPathComponent(network)
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent("model.onnx")))
    let model = try Model(onnx: bytes, name: network)
    let input = try NPY(folder.appendingPathComponent("input.npy"))
    let name = try #require(model.inputs.first?.name)
    let session = try model.session(inputSizes: [name: input.shape], executor: WorkerTeam(width: threads))
    var first: [[Float]] = []
    for round in 0..<2 {
      _ = try session.input(name).update(fromContentsOf: input.values)
      session.run()
      let outputs = try session.outputs.map { Array(try session.output($0)) }
      if round == 0 { first = outputs } else { #expect(outputs == first, "two runs differ") }
    }
    for (index, values) in first.enumerated() {
      let file = index == 0 ? "output.npy" : "output_\(index).npy"
      let expected = try NPY(folder.appendingPathComponent(file))
      let shape = try session.type(of: session.outputs[index]).shape
      #expect(shape == expected.shape)
      let error = relativeError(values, expected.values)
      #expect(error <= 1e-3, "\(session.outputs[index]): relative error \(error)")
    }
  }
}

/// max |a - b| / max |b|; infinite when a value is not finite.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count, found.allSatisfy(\.isFinite) else { return .infinity }
  let largest = expected.map(abs).max() ?? 0
  let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  return largest > 0 ? error / largest : error
}

extension NPY {
  init(_ file: URL) throws {
    try self.init([UInt8](try Data(contentsOf: file)))
  }
}
