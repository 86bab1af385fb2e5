// The gate on a network's work per run: steps, bytes moved and multiplications are properties of the plan, the same on
// every machine and under any load.
import Foundation
import Inference
import Quantities
import TestSupport
import Testing

/// The most a run of one network may take.
struct WorkLimit: Sendable, CustomTestStringConvertible {
  var network: String
  /// Steps that do something (views are free), and those among them that only convert between layouts.
  var steps, conversions: Int
  /// Activations read and written.
  var megabytesMoved: Double

  var testDescription: String { network }

  func admits(_ costs: [StepCost]) -> Bool {
    let working = costs.filter { $0.bytesMoved > 0 }
    let moved = Double(costs.reduce(0) { $0 + $1.bytesMoved }) / 1e6
    return working.count <= steps && working.filter { $0.operatorName == "relayout" }.count <= conversions
      && moved <= megabytesMoved
  }
}

@Suite struct WorkPerRunTests {
  /// What the planner reaches today. Raise a number only with the reason in the commit.
  static let limits: [WorkLimit] = [
    .init(network: "diffnet-640x192", steps: 380, conversions: 0, megabytesMoved: 500.7),
    .init(network: "rpr-lite-416x128", steps: 76, conversions: 0, megabytesMoved: 36.1),
    .init(network: "monodepth2-r18-416x128", steps: 34, conversions: 0, megabytesMoved: 51.6),
    .init(network: "lite-mono-416x128", steps: 133, conversions: 4, megabytesMoved: 153.3),
    .init(network: "hr-depth-r18-416x128", steps: 69, conversions: 0, megabytesMoved: 121.6),
    .init(network: "fastdepth-416x128", steps: 42, conversions: 0, megabytesMoved: 82.3),
  ]

  static func costs(of network: String, isOptimized: Bool) throws -> [StepCost] {
    let folder = GoldenNetworkTests.root.appendingPathComponent(network)
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent("model.onnx")))
    let model = try Model(onnx: bytes, name: network)
    let input = try NPY(folder.appendingPathComponent("input.npy"))
    let name = try #require(model.inputs.first?.name)
    return try model.session(
      inputSizes: [name: input.shape], executor: SerialExecutor(), isOptimized: isOptimized
    ).costs
  }

  @Test(arguments: limits)
  func `a run takes no more steps, conversions and memory traffic than before`(limit: WorkLimit) throws {
    let costs = try Self.costs(of: limit.network, isOptimized: true)
    let working = costs.filter { $0.bytesMoved > 0 }
    let conversions = working.filter { $0.operatorName == "relayout" }.count
    let moved = Double(costs.reduce(0) { $0 + $1.bytesMoved }) / 1e6
    #expect(
      limit.admits(costs),
      "\(limit.network): \(working.count) steps, \(conversions) conversions, \(moved) MB moved")
  }

  @Test(arguments: limits)
  func `the gate sees a plan without fusion`(limit: WorkLimit) throws {
    #expect(!limit.admits(try Self.costs(of: limit.network, isOptimized: false)))
  }

  @Test func `no 3x3 convolution of a large image falls off Winograd`() throws {
    let slow = try Self.costs(of: "diffnet-640x192", isOptimized: true).filter {
      $0.window == "3x3" && $0.kernel == "direct" && $0.shape[2] * $0.shape[3] >= 480
    }
    #expect(slow.isEmpty)
  }
}
