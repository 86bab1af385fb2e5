// The words of the live view.
import DepthClient
import Foundation
import Quantities
import WireFormat

enum ViewText {
  /// Everything in one line, for logs and pipes.
  static func line(_ live: LiveDepth, seconds: Double) -> String {
    let parts = [
      String(format: "%6.1f s  %@", seconds, live.camera), flow(live), scale(live.shown), accuracy(live),
      trouble(live),
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "  ")
  }

  static func flow(_ live: LiveDepth) -> String {
    let statistics = live.statistics
    guard statistics.received > 0 else { return "no frames yet" }
    var text = String(format: "%.1f fps", statistics.rateHz ?? 0)
    if let latency = live.latency {
      text += String(format: "  latency p50 %.0f p99 %.0f ms", latency.median, latency.p99)
    }
    return text + "  lost \(statistics.lost)"
  }

  static func scale(_ frame: ReceivedFrame?) -> String {
    guard let scale = frame?.header.scale else { return "scale unknown" }
    var text = "scale \(scale.state.rawValue)"
    if let value = scale.value { text += String(format: " %.3f", value) }
    if let sigma = scale.logSigma { text += String(format: " ±%.1f %%", sigma * 100) }
    let names = scale.sources.names
    return names.isEmpty ? text : text + " by " + names.joined(separator: "+")
  }

  static func accuracy(_ live: LiveDepth) -> String {
    guard let error = live.error else { return "" }
    return String(
      format: "AbsRel %.3f against truth%@", error.absRel, error.isMedianScaled ? " (median-scaled)" : "")
  }

  static func trouble(_ live: LiveDepth) -> String {
    let liveness = live.client.liveness(of: live.statisticsSubscription)
    var words = live.shown?.header.degraded.names ?? []
    if !liveness.isAlive { words.append("NO FRAMES") }
    if !liveness.isRateOK, live.statistics.received >= 10 { words.append("slow") }
    if !liveness.isValid {
      let reason = live.client.status.health(ofCamera: live.camera)?.message.reason
      words.append(reason.map { "not valid: \($0)" } ?? "no health yet")
    }
    return words.joined(separator: ", ")
  }

  static func depthKind(_ frame: ReceivedFrame) -> String {
    let header = frame.header
    let unit = header.topic.kind == .depth ? "metres" : "network units (not metres)"
    var text = "\(header.topic.name) \(header.size) \(unit)"
    if let model = header.model?.name { text += "  model \(model)" }
    if let ratio = header.validRatio { text += String(format: "  valid %.0f %%", ratio * 100) }
    return text
  }
}
