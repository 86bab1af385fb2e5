import DepthPipeline
package import Health
import Quantities
import WireFormat

/// From one observation to what is so of each component. Remembers only what keeps levels from flapping.
package struct ComponentAssessor {
  private var holds: [HealthComponent: FindingHold]
  /// Share of the nominal rate that does not arrive, and of what arrives that is not processed.
  private var scarcity = TwoEdgedThreshold(enter: 0.5, leave: 0.3)
  private var slowness = TwoEdgedThreshold(enter: 0.5, leave: 0.3)
  /// Share of the image in holes.
  private var holes = TwoEdgedThreshold(enter: 0.05, leave: 0.03)
  private var losses = TwoEdgedThreshold(enter: 0.02, leave: 0.01)
  private var breakage = TwoEdgedThreshold(enter: 0.01, leave: 0.005)
  private var lowDisk = TwoEdgedThreshold(enter: 100e6, leave: 150e6)
  private var fullDisk = TwoEdgedThreshold(enter: 8e6, leave: 12e6)
  /// Degrees above a limit; cooler again by three before that is believed.
  private var heat = TwoEdgedThreshold(enter: 0, leave: -3)
  private var criticalHeat = TwoEdgedThreshold(enter: -5, leave: -8)

  /// How long a component must have been better before it is shown so.
  package static let releaseNanoseconds: Int64 = 3_000_000_000
  /// How long a reconnection or a step of the clock is worth a warning, seconds.
  private static let memorySeconds = 60.0

  package init() {
    holds = Dictionary(
      uniqueKeysWithValues: HealthComponent.reported.map {
        ($0, FindingHold(releaseNanoseconds: Self.releaseNanoseconds))
      })
  }

  /// One finding for each reported component, in their order; after them, one of the process if it has a drawback.
  package mutating func assess(_ now: ComponentObservation) -> [Finding] {
    var found = [
      camera(now), calibration(now), decode(now), model(now), bank(now),
      now.odometry.finding(isWarm: now.isWarm, recently: now.recently), scale(now),
      now.ranges.finding(isWarm: now.isWarm, recently: now.recently.ranges), publish(now), clock(now),
      disk(now), temperature(now),
    ]
    // Only while there is something to say of the process itself.
    found += now.health.fallback.map { [Finding(.configurationFallback, $0)] } ?? []
    return found.map { holds[$0.component]?.update($0, at: now.health.time) ?? $0 }
  }

  private mutating func camera(_ now: ComponentObservation) -> Finding {
    if let fault = Finding(capture: now.health.capture) { return fault }
    let recently = now.recently
    let share = Double(recently.lost) / Double(max(1, recently.arrived + recently.lost))
    if losses.update(share) {
      return Finding(
        .cameraLosesFrames,
        "\(percent(share)) of the frames of the last ten seconds were lost before they got here")
    }
    let nominal = now.health.nominalRateHz
    if nominal > 0, now.isWarm, let arrival = now.health.arrivalRateHz, scarcity.update(1 - arrival / nominal)
    {
      return Finding(.cameraSlow, "\(rounded(arrival)) of \(rounded(nominal)) frames per second arrive")
    }
    if let since = now.sinceReconnectSeconds, since < Self.memorySeconds {
      return Finding(.cameraReconnected, "the camera came back \(Int(since)) s ago")
    }
    return Finding(.cameraOK, "frames arrive")
  }

  private func calibration(_ now: ComponentObservation) -> Finding {
    if case .calibration(let reason) = now.health.perception.failure {
      return Finding(.calibrationWrongSize, reason)
    }
    return now.calibration.map { Finding(.calibrationOK, $0) } ?? Finding(.calibrationNone)
  }

  private mutating func decode(_ now: ComponentObservation) -> Finding {
    let recently = now.recently
    let share = Double(recently.broken) / Double(max(1, recently.arrived + recently.broken))
    if breakage.update(share) {
      return Finding(
        .decodeBrokenFrames,
        "\(recently.broken) broken frames in the last ten seconds (\(percent(share)))")
    }
    return Finding(now.isStreaming ? .decodeOK : .decodeIdle)
  }

  private mutating func model(_ now: ComponentObservation) -> Finding {
    switch now.health.perception.failure {
    case .some(.calibration), nil: break
    case .some(let failure): return Finding(.modelFailed, failure.description)
    }
    guard now.isStreaming, now.health.published > 0 else { return Finding(.modelIdle, now.modelName) }
    let possible = min(now.health.nominalRateHz, now.health.arrivalRateHz ?? 0)
    if possible > 0, now.isWarm, let rate = now.health.rateHz, slowness.update(1 - rate / possible) {
      return Finding(
        .modelSlow, "\(rounded(rate)) of \(rounded(possible)) frames per second are processed")
    }
    if let share = now.health.perception.report?.holeShare, holes.update(share) {
      return Finding(.modelHoles, "\(percent(share)) of the image lies in holes")
    }
    return Finding(.modelOK, now.modelName)
  }

  private func bank(_ now: ComponentObservation) -> Finding {
    if let failure = now.health.priorsFailure { return Finding(.bankFailed, failure) }
    guard let bank = now.bank else { return Finding(.bankOff) }
    return Finding(now.health.perception.report?.isOutOfDomain == true ? .bankOutOfDomain : .bankOK, bank)
  }

  private func scale(_ now: ComponentObservation) -> Finding {
    guard let scale = now.health.perception.report?.scale else { return Finding(.scaleIdle) }
    let value = "\(thousandths(scale.value)) m per unit, from \(scale.sources.names.joined(separator: ", "))"
    let why = now.health.scaleReason.map { "; \($0)" } ?? ""
    if scale.isMetric, let moved = now.health.cameraMoved { return Finding(.cameraMoved, moved) }
    return switch scale.state {
    case .unscaled: now.health.scaleReason.map { Finding(.scaleUnknown, $0) } ?? Finding(.scaleUnknown)
    case .converging: Finding(.scaleConverging, "\(now.health.scaleProgress ?? 0) % learned, \(value)\(why)")
    case .locked: Finding(.scaleOK, value)
    case .held: Finding(.scaleHeld, value + why)
    case .conflict:
      // Often the cause: a camera that hangs otherwise than it is said to contradicts its configured height.
      Finding(.scaleConflict, value + why + (now.health.cameraMoved.map { "; remount? \($0)" } ?? ""))
    }
  }

  private func publish(_ now: ComponentObservation) -> Finding {
    if let reason = HealthReport.stallReason(now.health) { return Finding(.publishStalled, reason) }
    let recently = now.recently
    if recently.refusedMessages > 0 {
      return Finding(.publishRefused, "\(recently.refusedMessages) messages refused in the last ten seconds")
    }
    if recently.failedPictures > 0 {
      return Finding(.publishPictures, "\(recently.failedPictures) pictures failed in the last ten seconds")
    }
    guard now.health.published > 0, now.isStreaming else { return Finding(.publishIdle) }
    return Finding(.publishOK, "\(rounded(now.health.rateHz ?? 0)) frames per second")
  }

  private func clock(_ now: ComponentObservation) -> Finding {
    // 2024-01-01: no machine that runs this lives before it.
    if now.wallTime.nanoseconds < 1_704_067_200_000_000_000 { return Finding(.clockUnset) }
    if let since = now.sinceClockStepSeconds, since < Self.memorySeconds {
      return Finding(.clockStepped, "the clock was set \(Int(since)) s ago, \(now.clockSteps) times in all")
    }
    return Finding(.clockOK, "\(now.clockSteps) steps")
  }

  private mutating func disk(_ now: ComponentObservation) -> Finding {
    let free = now.machine.freeBytes.map { Double($0) } ?? .nan
    let isFull = fullDisk.update(free)
    let isLow = lowDisk.update(free)
    let room =
      free.isNaN
      ? "room not known" : free < 10e9 ? "\(Int(free / 1e6)) MB free" : "\(Int(free / 1e9)) GB free"
    if let problem = now.machine.diskProblem { return Finding(.diskUnwritable, problem) }
    if isFull { return Finding(.diskFull, room) }
    if let problem = now.eventLogProblem { return Finding(.diskUnwritable, problem) }
    return Finding(isLow ? .diskLow : .diskOK, room)
  }

  private mutating func temperature(_ now: ComponentObservation) -> Finding {
    guard let here = now.machine.temperature else { return Finding(.temperatureUnknown) }
    let isCritical = criticalHeat.update(here.celsius - here.criticalCelsius)
    let isHigh = heat.update(here.celsius - here.highCelsius)
    let text = "\(Int(here.celsius)) °C at \(here.zone), limit \(Int(here.highCelsius)) °C"
    return Finding(isCritical ? .temperatureCritical : isHigh ? .temperatureHigh : .temperatureOK, text)
  }

  private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
  private func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
  private func thousandths(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
