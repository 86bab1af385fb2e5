import Completion
import ModelBundle
import Quantities

/// Whether range points complete a frame, and in which unit they enter the network.
struct CompletionStage {
  private var gate: CompletionGate
  /// Depth of the published grid's camera by that of the network's canonical one.
  private let focalRatio: Float

  /// Nil when the network takes no points.
  init?(model: DepthModel, settings: RangeSettings, conversion: DepthConversion) {
    guard Self.pointCap(model: model, settings: settings) > 0, let weights = model.completion else {
      return nil
    }
    gate = CompletionGate(fewestPoints: weights.fewestPoints)
    focalRatio = conversion.focalRatio
  }

  /// The most points that the network is planned for; 0 = none.
  static func pointCap(model: DepthModel, settings: RangeSettings) -> Int {
    model.completion != nil && settings.completes && (settings.usesSource || settings.isExpected)
      ? settings.mostPoints : 0
  }

  /// Runs the network on its input, and on the points when there are enough of them.
  ///
  /// - Parameter metersPerUnit: the present scale.
  /// - Returns: points that entered; 0 = the frame is predicted from its image alone.
  mutating func run(
    _ network: DepthNetwork, _ points: borrowing SparseDepth, metersPerUnit: Double
  ) -> Int {
    guard gate.admits(points.count) else {
      network.run()
      return 0
    }
    return network.run(completing: points, unitsPerMeter: 1 / (Float(metersPerUnit) * focalRatio))
  }
}
