import Foundation
import PriorFusion

extension RetrievalDomain {
  /// The form of the metadata entry (docs/bundle.md): quantiles as lists of three.
  private struct Form: Codable {
    var frames: Int
    var entropy: [Double]
    var priorSpread: [Double]
    var bestLogit: [Double]
    var deviation: Double

    enum CodingKeys: String, CodingKey {
      case frames, entropy, deviation
      case priorSpread = "prior_spread"
      case bestLogit = "best_logit"
    }
  }

  /// Nil when the text is something else, or its numbers cannot be.
  init?(json: String) {
    guard let form = try? JSONDecoder().decode(Form.self, from: Data(json.utf8)), form.frames > 0,
      let entropy = Quantiles(form.entropy), let spread = Quantiles(form.priorSpread),
      let logit = Quantiles(form.bestLogit), form.deviation > 0, form.deviation.isFinite
    else { return nil }
    self.init(
      frames: form.frames, entropy: entropy, priorSpread: spread, bestLogit: logit, deviation: form.deviation)
  }

  /// Six digits of each number, keys in order: the same measurement gives the same bytes.
  var json: String {
    func list(_ quantiles: Quantiles) -> String {
      let numbers = [quantiles.low, quantiles.median, quantiles.high].map(Self.digits)
      return "[\(numbers.joined(separator: ", "))]"
    }
    return "{\"frames\": \(frames), \"entropy\": \(list(entropy)), \"prior_spread\": \(list(priorSpread)), "
      + "\"best_logit\": \(list(bestLogit)), \"deviation\": \(Self.digits(deviation))}"
  }

  private static func digits(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension RetrievalDomain.Quantiles {
  fileprivate init?(_ numbers: [Double]) {
    guard numbers.count == 3, numbers.allSatisfy(\.isFinite), numbers[0] <= numbers[1],
      numbers[1] <= numbers[2]
    else { return nil }
    self.init(low: numbers[0], median: numbers[1], high: numbers[2])
  }
}
