// What `depthctl eval` prints.
import Evaluation

enum EvaluationReport {
  private static func columns(_ metrics: DepthMetrics) -> [(key: String, value: Double)] {
    [
      ("abs_rel", metrics.absRel), ("sq_rel", metrics.sqRel), ("rmse", metrics.rmse),
      ("rmse_log", metrics.rmseLog), ("d1", metrics.d1), ("d2", metrics.d2), ("d3", metrics.d3),
    ]
  }

  /// One JSON object on one line.
  static func json(_ summary: EvaluationSummary) -> String {
    func object(_ metrics: DepthMetrics) -> String {
      "{" + columns(metrics).map { "\"\($0.key)\": \(number($0.value))" }.joined(separator: ", ") + "}"
    }
    return "{\"frames\": \(summary.frameCount), \"median_scaled\": \(object(summary.medianScaled)), "
      + "\"unscaled\": \(object(summary.unscaled)), "
      + "\"scale_log_mean\": \(number(summary.scaleLogMean)), "
      + "\"scale_log_std\": \(number(summary.scaleLogStandardDeviation))"
      + (summary.pointsPerFrame.map { ", \"points_per_frame\": \(number($0))" } ?? "") + "}"
  }

  /// JSON knows no infinity: a network that returned nonsense is reported as null.
  private static func number(_ value: Double) -> String {
    value.isFinite ? "\(value)" : "null"
  }

  static func table(_ summary: EvaluationSummary) -> String {
    func row(_ name: String, _ metrics: DepthMetrics) -> String {
      padded(name, 16) + columns(metrics).map { padded(rounded($0.value), 10) }.joined()
    }
    let header = padded("", 16) + columns(DepthMetrics()).map { padded($0.key, 10) }.joined()
    return [
      header, row("median scaled", summary.medianScaled), row("unscaled", summary.unscaled),
      "\(summary.frameCount) frames; log scale: mean \(rounded(summary.scaleLogMean)), "
        + "standard deviation \(rounded(summary.scaleLogStandardDeviation))"
        + (summary.pointsPerFrame.map { "; \(rounded($0)) points given per frame" } ?? ""),
    ].joined(separator: "\n")
  }

  private static func rounded(_ value: Double) -> String {
    "\((value * 10_000).rounded() / 10_000)"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
