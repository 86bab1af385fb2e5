// Prior fusion against PyTorch: folders written by scripts/golden-vectors.
import Foundation
import ModelBundle
import Platform
import PriorFusion
import TestSupport
import Testing

@Suite struct GoldenFusionTests {
  static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["DEPTHD_VECTORS"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(".vectors")
  }()
  static let cases = ["rpr-lite", "diffnet"].flatMap { architecture in
    [
      "m1-416x128", "m255-416x128", "m255-float32-416x128", "m255-640x192", "m4096-416x128", "m25000-416x128",
      "m25000-640x192",
    ].map { "fusion-\(architecture)-\($0)" }
  }

  private func array(_ folder: String, _ name: String) throws -> NPY {
    let path = Self.root.appendingPathComponent("\(folder)/\(name).npy")
    return try NPY([UInt8](try Data(contentsOf: path)))
  }

  @Test(arguments: cases) func `features and statistics are PyTorch's`(folder: String) throws {
    let bank = try PriorBankFile(
      path: Self.root.appendingPathComponent("\(folder)/priors.safetensors").path
    ).load()
    let features = try array(folder, "f_s")
    let network = PriorFusionNetwork(
      bank, featureShape: Array(features.shape.dropFirst()), executor: WorkerTeam(width: 2))
    var fused = features.values
    network.run(&fused)
    let statistics = network.statistics
    let found: [(name: String, values: [Float])] = [
      ("f_o", fused), ("prior_disparity", Array(statistics.priorDisparity)),
      ("entropy", Array(statistics.entropy)), ("prior_spread", Array(statistics.priorSpread)),
      ("best_logit", Array(statistics.bestLogit)),
    ]
    for (name, values) in found {
      let expected = try array(folder, name).values
      #expect(values.count == expected.count)
      let magnitude = max(1e-3, expected.map(abs).max() ?? 0)
      let error = largest(zip(values, expected).map { abs($0 - $1) }) / magnitude
      #expect(error <= 1e-3, "\(name): \(error)")
    }
  }
}
