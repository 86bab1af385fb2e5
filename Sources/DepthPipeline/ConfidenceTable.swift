import Completion
import Glibc

/// From the network's log sigma to what a consumer can act on.
///
/// The network estimates the spread of its log-depth error; `sigma = exp(a * logSigma + b)` with constants
/// fitted on recordings it was not trained on. Variances of other origin are added: that of the scale, and what the
/// prior bank holds against the network; where range points hold the depth, a share of all of it is left.
/// Confidence is the probability, under a Laplace law of that spread, that depth lies within 10 % of the truth:
/// `1 - exp(-0.1 sqrt(2) / sigma)`, as one byte.
package struct ConfidenceTable {
  private static let lowest: Float = -8
  private static let stepsPerUnit: Float = 64
  private static let count = 64 * 12
  /// The highest 16 bits of a Float are a logarithmic index, 128 steps for each power of two.
  private static let shift: UInt32 = 16
  private static let smallest = (Float(0x1p-30).bitPattern >> shift)
  private static let largest = (Float(0x1p8).bitPattern >> shift)

  /// So many neighbouring pixels of a row share a `Term`.
  package static let cellPixels = CompletionNetwork.sigmaCellPixels

  /// What changes the network's variance of log depth: `(variance + added) * share`.
  package struct Term: Equatable {
    package var added: Float
    package var share: Float

    package init(added: Float, share: Float = 1) {
      self.added = added
      self.share = share
    }
  }

  /// Variance per quantised log sigma.
  private let variances: [Float]
  /// Confidence per quantised variance.
  private let bytes: [UInt8]
  private let a: Double
  private let b: Double

  /// - Parameters: the calibration constants of the model bundle.
  package init(a: Double, b: Double) {
    self.a = a
    self.b = b
    variances = (0..<Self.count).map { index in
      let logSigma = Double(Self.lowest) + (Double(index) + 0.5) / Double(Self.stepsPerUnit)
      return Float(exp(2 * (a * logSigma + b)))
    }
    bytes = (Self.smallest...Self.largest).map { bits in
      let middle = Float(bitPattern: bits << Self.shift | 1 << (Self.shift - 1))
      return UInt8((255 * (1 - exp(-0.1 * (2 / Double(middle)).squareRoot()))).rounded())
    }
  }

  /// Standard deviation of log depth for a network output, scale excluded.
  package func sigma(ofLogSigma logSigma: Double) -> Double { exp(a * logSigma + b) }

  /// Fills `confidence` from the `logSigma` of some pixels of one row, 0 where depth is unknown.
  ///
  /// - Parameter terms: one for each `cellPixels` of them.
  package func run(
    _ logSigma: UnsafeBufferPointer<Float>, depth: UnsafePointer<Float>, terms: [Term],
    into confidence: UnsafeMutablePointer<UInt8>
  ) {
    precondition(terms.count * Self.cellPixels >= logSigma.count, "every pixel has a term")
    variances.withUnsafeBufferPointer { variances in
      bytes.withUnsafeBufferPointer { bytes in
        terms.withUnsafeBufferPointer { terms in
          let last = Float(Self.count - 1)
          for index in 0..<logSigma.count {
            let position = (logSigma[index] - Self.lowest) * Self.stepsPerUnit
            // A NaN output carries no trust: the comparison below sends it to the least confident entry.
            let entry = position >= 0 ? Int(min(position, last)) : (position < 0 ? 0 : Self.count - 1)
            let term = terms[index / Self.cellPixels]
            let bits = ((variances[entry] + term.added) * term.share).bitPattern >> Self.shift
            let place = min(Self.largest, max(Self.smallest, bits)) - Self.smallest
            confidence[index] = depth[index].isNaN ? 0 : bytes[Int(place)]
          }
        }
      }
    }
  }
}
