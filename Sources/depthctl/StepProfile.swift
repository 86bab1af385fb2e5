// `depthctl bench --profile`: where a network's time goes, step by step.
import Foundation
import Inference
import ModelBundle
import Platform
import Quantities

/// The fastest time of each step over some runs.
struct StepProfile {
  /// All steps of one kernel and window, or of one operator.
  struct Kind: Encodable {
    var kind: String
    var steps: Int
    var ms, gflops, gigabytes_per_second: Double
  }

  private let costs: [StepCost]
  private let microseconds: [Double]

  init(_ network: DepthNetwork, runs: Int) {
    costs = network.costs
    var fastest = [Int64](repeating: .max, count: costs.count)
    for _ in 0..<runs {
      var last = MonotonicTime.now()
      network.run { index in
        let now = MonotonicTime.now()
        fastest[index] = min(fastest[index], now - last)
        last = now
      }
    }
    microseconds = fastest.map { Double($0) / 1e3 }
  }

  /// The longest first.
  var kinds: [Kind] {
    let groups = Dictionary(grouping: costs.indices) { index in
      "\(costs[index].kernel) "
        + (costs[index].window.isEmpty ? costs[index].operatorName : costs[index].window)
    }
    return groups.map { kind, steps in
      let time = steps.reduce(0) { $0 + microseconds[$1] }
      let products = Double(steps.reduce(0) { $0 + costs[$1].multiplyAdds })
      let bytes = Double(steps.reduce(0) { $0 + costs[$1].bytesMoved })
      return Kind(
        kind: kind, steps: steps.count, ms: time / 1e3, gflops: 2e-3 * products / max(time, 1e-3),
        gigabytes_per_second: 1e-3 * bytes / max(time, 1e-3))
    }.sorted { $0.ms > $1.ms }
  }

  func show() {
    print("      us  GFLOP/s    GB/s  step")
    for (cost, time) in zip(costs, microseconds) where time >= 0.5 {
      let rates = String(
        format: "%8.1f  %7.1f  %6.1f  ", time, 2e-3 * Double(cost.multiplyAdds) / time,
        1e-3 * Double(cost.bytesMoved) / time)
      let words = [cost.kernel, cost.operatorName, cost.window, "\(cost.shape)", cost.detail]
      print(rates + words.filter { !$0.isEmpty }.joined(separator: " "))
    }
    print("      ms  GFLOP/s    GB/s  kind of step")
    for kind in kinds {
      print(
        String(format: "%8.3f  %7.1f  %6.1f  ", kind.ms, kind.gflops, kind.gigabytes_per_second)
          + "\(kind.kind) x\(kind.steps)")
    }
  }
}
