extension BundleManifest {
  /// `pose` of `bundle.json`: how `pose.onnx` is to be fed and read, and what was measured of it.
  struct Pose: Decodable {
    static let transform = "later_from_earlier"

    var inputDivisor: Int
    var transform: String
    var distance: [Double]
    var rotationDegrees: Double
    var logNormSigma: Double
    var logNormBiasSigma: Double

    enum CodingKeys: String, CodingKey {
      case transform
      case inputDivisor = "input_divisor"
      case distance = "distance_m"
      case rotationDegrees = "rotation_deg"
      case logNormSigma = "log_norm_sigma"
      case logNormBiasSigma = "log_norm_bias_sigma"
    }

    /// What is wrong with the values, nil when nothing is.
    var valueProblem: String? {
      if !(1...16).contains(inputDivisor) { return "pose.input_divisor must be 1 to 16" }
      if transform != Self.transform {
        return "pose.transform \"\(transform)\" is unknown; \"\(Self.transform)\" is"
      }
      if distance.count != 2 || !(distance[0] > 0 && distance[1] > distance[0] && distance[1].isFinite) {
        return "pose.distance_m must be two rising positive distances"
      }
      if !(rotationDegrees > 0 && rotationDegrees.isFinite) { return "pose.rotation_deg must be positive" }
      if !(logNormSigma > 0 && logNormSigma.isFinite && logNormBiasSigma >= 0 && logNormBiasSigma.isFinite) {
        return "pose.log_norm_sigma must be positive and pose.log_norm_bias_sigma not negative"
      }
      return nil
    }
  }
}
