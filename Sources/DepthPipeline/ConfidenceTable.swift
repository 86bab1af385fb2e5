import Glibc

/// From the network's log sigma to what a consumer can act on.
///
/// The network estimates the spread of its log-depth error; `sigma = exp(a * logSigma + b)` with constants
/// fitted on recordings it was not trained on, joined with the spread of the scale: `sqrt(sigma^2 + scale^2)`.
/// Confidence is the probability, under a Laplace law of that spread, that depth lies within 10 % of the truth:
/// `1 - exp(-0.1 sqrt(2) / sigma)`, as one byte.
package struct ConfidenceTable {
  private static let lowest: Float = -8
  private static let stepsPerUnit: Float = 64
  private static let count = 64 * 12

  /// Confidence per quantised log sigma.
  private var bytes = [UInt8](repeating: 0, count: ConfidenceTable.count)
  private let a: Double
  private let b: Double
  private var scaleLogSigma: Double?

  /// - Parameters: the calibration constants of the model bundle.
  package init(a: Double, b: Double) {
    self.a = a
    self.b = b
  }

  /// Standard deviation of log depth for a network output, scale excluded.
  package func sigma(ofLogSigma logSigma: Double) -> Double { exp(a * logSigma + b) }

  /// Rebuilds the table when the scale's spread has changed by more than one part in a hundred.
  package mutating func include(scaleLogSigma: Double) {
    if let present = self.scaleLogSigma, abs(present - scaleLogSigma) <= 0.01 * present { return }
    self.scaleLogSigma = scaleLogSigma
    for index in 0..<Self.count {
      let logSigma = Double(Self.lowest) + (Double(index) + 0.5) / Double(Self.stepsPerUnit)
      let network = sigma(ofLogSigma: logSigma)
      let total = (network * network + scaleLogSigma * scaleLogSigma).squareRoot()
      let probability = 1 - exp(-0.1 * 2.0.squareRoot() / total)
      bytes[index] = UInt8((255 * probability).rounded())
    }
  }

  /// Fills `confidence` from `logSigma` (same number of pixels), 0 where depth is unknown.
  package func run(
    _ logSigma: UnsafeBufferPointer<Float>, depth: UnsafePointer<Float>,
    into confidence: UnsafeMutablePointer<UInt8>
  ) {
    bytes.withUnsafeBufferPointer { table in
      let last = Float(Self.count - 1)
      for index in 0..<logSigma.count {
        let position = (logSigma[index] - Self.lowest) * Self.stepsPerUnit
        // A NaN output carries no trust: the comparison below sends it to the least confident entry.
        let entry = position >= 0 ? Int(min(position, last)) : (position < 0 ? 0 : Self.count - 1)
        confidence[index] = depth[index].isNaN ? 0 : table[entry]
      }
    }
  }
}
