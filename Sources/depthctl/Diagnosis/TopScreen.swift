// The lines of `depthctl top`: 24 of at most 80 columns, always.
import Foundation
import Health
import Quantities
import WireFormat

struct TopScreen {
  static let columns = 80
  static let rows = 24
  /// A health message older than this is no news any more.
  private static let stale = 3.0

  private let state: TopState

  init(_ state: TopState) {
    self.state = state
  }

  var lines: [String] {
    let lines =
      state.info == nil && state.status.isEmpty
      ? absence
      : [head, flow, time, stages, machine, scale, depth, odometry, clients] + components + events
    return lines.prefix(Self.rows).map { String($0.prefix(Self.columns)) }
  }

  private var isStale: Bool { state.silenceSeconds.map { $0 > Self.stale } ?? true }

  private var absence: [String] {
    [
      "no daemon answers in \(state.directory)", "", "  systemctl status depthd       is it meant to run?",
      "  depthctl doctor               what is wrong here",
      "  depthctl top --endpoint DIR   another folder of sockets",
    ]
  }

  private var head: String {
    let version = state.info?.softwareVersion ?? text("version") ?? "?"
    let up = state.health?.uptimeSeconds.map(Self.duration) ?? "?"
    let generation = (state.health?.generation ?? state.info?.generation).map { "\($0)" } ?? "?"
    let left = "depthd \(version)  up \(up)  configuration \(generation)"
    let right = verdict
    return left + String(repeating: " ", count: max(2, Self.columns - left.count - right.count)) + right
  }

  /// Of depth, and the worst component.
  private var verdict: String {
    if isStale {
      return state.silenceSeconds.map { "STALE: silent for \(Self.duration($0))" } ?? "STALE: never heard"
    }
    let worst = (state.health?.components ?? [])
      .compactMap { component in HealthLevel(rawValue: component.level).map { ($0, component.name) } }
      .max { $0.0.urgency < $1.0.urgency }
    let word = "depth \(state.health?.verdict.rawValue.uppercased() ?? "?")"
    guard let worst, worst.0.urgency > 0 else { return word }
    return "\(word), \(worst.1) \(worst.0.label)"
  }

  private var flow: String {
    let camera = state.info?.cameras.first { $0.name == state.health?.camera } ?? state.info?.cameras.first
    let source = text("camera.connection") ?? camera?.source ?? text("source") ?? "?"
    let size = number("camera.width").map { "\(Int($0))x\(Int(number("camera.height") ?? 0))" } ?? "no frames"
    let grid = state.header.map { ">\($0.size)" } ?? ""
    let rate = state.health?.rateHz.map { String(format: "%.1f", $0) } ?? "?"
    let nominal = state.health?.nominalRateHz.map { String(format: "/%g", $0) } ?? ""
    return "\(camera?.name ?? "?")  \(source.prefix(18))  \(size)\(grid)  \(rate)\(nominal) fps  "
      + "lost \(whole("camera.lost")) bad \(whole("camera.corrupt")) back \(whole("camera.reconnects"))"
  }

  private var time: String {
    let clock = state.header?.clock
    let latency = ["p50", "p99", "max"].map { "\($0) \(milliseconds("stages_ms.total.\($0)"))" }
    let source = clock?.source ?? "no stamps yet"
    let steps = clock?.steps.map { "\($0)" } ?? "0"
    return " time  \(source)  clock steps \(steps)  capture>publish \(latency.joined(separator: " ")) ms"
  }

  private var stages: String {
    let parts = ["wait", "decode", "rectify", "infer", "post", "publish"].map {
      "\($0) \(milliseconds("stages_ms.\($0).p50"))"
    }
    return " stage " + parts.joined(separator: "  ") + "  ms"
  }

  private var machine: String {
    let cpu = state.processorShare.map { String(format: "%.0f %%", $0 * 100) } ?? "?"
    let memory = state.residentMegabytes.map { String(format: "%.0f MB", $0) } ?? "?"
    let others = [HealthComponent.temperature, .disk].compactMap { component in
      state.health?.components.first {
        $0.name == component.rawValue && $0.level != HealthLevel.off.rawValue
      }?.text
    }
    return " load  cpu \(cpu) of one core  memory \(memory)  " + others.joined(separator: "  ")
  }

  private var scale: String {
    guard let scale = state.header?.scale ?? state.health?.scale else { return " scale no depth yet" }
    var text = " scale \(scale.value.map { String(format: "%.3f", $0) } ?? "?")"
    if let sigma = scale.logSigma { text += String(format: " ±%.1f %%", sigma * 100) }
    text += " \(scale.state.rawValue.uppercased())"
    let names = scale.sources.names
    if !names.isEmpty { text += " by \(names.joined(separator: "+"))" }
    if let age = scale.ageSeconds { text += "  age \(Self.duration(age))" }
    return text
  }

  private var depth: String {
    guard let header = state.header else { return " depth none yet" }
    var text = " depth"
    if let ratio = header.validRatio { text += String(format: "  valid %.0f %%", ratio * 100) }
    if let mean = header.confidence?.mean { text += String(format: "  confidence %.2f", mean) }
    let isMetric = header.scale.map { $0.state == .locked || $0.state == .held } ?? false
    if let nearest = state.nearest {
      text += String(format: "  nearest %.2f %@", nearest, isMetric ? "m" : "units")
    }
    if let mode = header.mode { text += "  \(mode.rawValue)" }
    let degraded = header.degraded.names
    return text + (degraded.isEmpty ? "" : "  but \(degraded.joined(separator: ", "))")
  }

  private var odometry: String {
    guard state.status["odometry"] != nil else { return " odom  not configured" }
    var text = " odom"
    if let odometry = state.header?.odometry {
      text += String(
        format: "  v %.2f m/s  turn %.0f °/s", odometry.speedMetersPerSecond,
        odometry.yawRateRadiansPerSecond * 180 / .pi)
      if let age = odometry.ageMilliseconds { text += String(format: "  age %.0f ms", age) }
    } else {
      text += "  none young enough"
    }
    return text + "  received \(whole("odometry.samples"))  refused \(whole("odometry.rejected"))"
  }

  /// Subscriptions to each topic, this screen's own left out; in brackets those to `latest`.
  private var clients: String {
    guard let entries = value("subscribers") as? [[String: Any]] else { return " subs  ?" }
    let counts = entries.compactMap { entry -> String? in
      guard let topic = entry["topic"] as? String, let stream = entry["stream"] as? Int,
        let all = entry["latest"] as? Int
      else { return nil }
      let latest = all - (topic == state.ownTopic ? 1 : 0)
      guard stream + latest > 0 else { return nil }
      let name = topic.split(separator: "/").last ?? "?"
      return latest > 0 ? "\(name) \(stream + latest) (\(latest))" : "\(name) \(stream)"
    }
    return " subs  " + (counts.isEmpty ? "nobody listens" : counts.joined(separator: "  "))
  }

  private var components: [String] {
    guard let components = state.health?.components, !components.isEmpty else {
      return ["no health message yet"]
    }
    return components.map { component in
      let level = isStale ? HealthLevel.stale : HealthLevel(rawValue: component.level)
      return padded(component.name, 12) + padded(level?.label ?? component.level, 6)
        + padded(component.code, 23)
        + component.text.replacingOccurrences(of: "\n", with: " ")
    }
  }

  /// As many as the rows below the components hold.
  private var events: [String] {
    let room = max(0, Self.rows - 9 - components.count)
    let shown = state.events.filter { $0.level != .info || $0.code.hasPrefix("reload") }.suffix(room)
    return shown.isEmpty
      ? ["no warning among the last events"]
      : shown.map { "\(EventTime.text($0.stamp, isShort: true)) \(padded($0.code, 19)) \($0.text)" }
  }

  // MARK: Values of the status answer by path, for example `stages_ms.total.p50`.

  private func value(_ path: String) -> Any? {
    path.split(separator: ".").reduce(state.status as Any?) { ($0 as? [String: Any])?[String($1)] }
  }

  private func text(_ path: String) -> String? { value(path) as? String }
  private func number(_ path: String) -> Double? { value(path) as? Double }
  private func whole(_ path: String) -> String { number(path).map { "\(Int($0))" } ?? "?" }

  private func milliseconds(_ path: String) -> String {
    number(path).map { $0 < 10 ? String(format: "%.1f", $0) : String(format: "%.0f", $0) } ?? "-"
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds)
    return switch whole {
    case ..<60: "\(whole)s"
    case ..<3600: "\(whole / 60)m\(String(format: "%02d", whole % 60))s"
    case ..<86400: "\(whole / 3600)h\(String(format: "%02d", whole / 60 % 60))m"
    default: "\(whole / 86400)d\(String(format: "%02d", whole / 3600 % 24))h"
    }
  }
}
