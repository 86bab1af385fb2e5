import DepthPipeline
import Health
import Platform
import Quantities
import Scale
import WireFormat

/// Measures rates between two health messages and completes them with what only the process knows.
struct HealthMeter {
  /// What runs: replaced by a reload.
  var running: RunningConfiguration {
    didSet { components.running = running }
  }
  private var settings: DaemonSettings { running.settings }
  private var rates = Rates()
  private var components: ComponentMeter

  /// Frames per second while the source delivers; begins anew with the source.
  private struct Rates {
    var arrived = RateWindow()
    var published = RateWindow()
    var arrival: Double?
    var publication: Double?
  }

  /// One for each reported component, as of the last measurement.
  private(set) var findings: [Finding] = []

  init(running: RunningConfiguration) {
    self.running = running
    components = ComponentMeter(running: running)
  }

  /// Measures the rates of the last seconds and makes the message.
  ///
  /// - Parameter eventLogProblem: why the last event could not be kept; nil when it was.
  mutating func measure(
    crew: Crew, at now: MonotonicTime, uptimeNanoseconds: Int64, eventLogProblem: String?
  ) -> HealthMessage {
    let span = RateWindow.span(nominalRateHz: settings.nominalRateHz)
    if crew.capture.state == .streaming {
      rates.arrival = rates.arrived.update(crew.capture.frames.value, at: now, span: span)
      rates.publication = rates.published.update(crew.perception.published.value, at: now, span: span)
    } else {
      rates = Rates(publication: 0)
    }
    // Looked at once: a camera that changes meanwhile must not give a verdict that its component contradicts.
    let observation = observe(crew, at: now)
    findings = components.measure(
      crew: crew, health: observation, uptimeNanoseconds: uptimeNanoseconds, eventLogProblem: eventLogProblem)
    return message(of: observation, crew: crew, uptimeNanoseconds: uptimeNanoseconds)
  }

  /// The state of now with the last measured rate and components.
  func message(crew: Crew, at now: MonotonicTime, uptimeNanoseconds: Int64) -> HealthMessage {
    message(of: observe(crew, at: now), crew: crew, uptimeNanoseconds: uptimeNanoseconds)
  }

  private func observe(_ crew: Crew, at now: MonotonicTime) -> HealthReport.Observation {
    var observation = HealthReport.Observation(time: now)
    observation.capture = crew.capture.state
    observation.perception = crew.perception.snapshot
    observation.published = crew.perception.published.value
    observation.droppedByCamera = crew.capture.lost.value + crew.capture.corrupt.value
    observation.droppedByPipeline = crew.mailbox.displaced.value + crew.perception.failed.value
    observation.nominalRateHz = settings.nominalRateHz
    observation.arrivalRateHz = rates.arrival
    observation.rateHz = rates.publication
    observation.fallback = running.fallback
    observation.priorsFailure = running.priorsFailure
    if let scale = crew.scale.report {
      observation.scaleProgress = scale.progressPercent
      observation.scaleReason = scale.reason
    }
    observation.cameraMoved = crew.scale.moved?.description
    observation.expectsOdometry = settings.odometry != .none
    observation.hasOdometry =
      crew.odometry.sample(at: now, maximumAgeNanoseconds: settings.odometryMaximumAgeNanoseconds) != nil
    observation.lacksPoints =
      settings.pipeline.ranges.isExpected && observation.published > 0
      && crew.rangeStatus.snapshot.lastVerdict.placed == 0
    observation.isCalibrated = settings.calibration != nil
    return observation
  }

  private func message(
    of observation: HealthReport.Observation, crew: Crew, uptimeNanoseconds: Int64
  ) -> HealthMessage {
    var message = HealthReport.evaluate(observation, camera: settings.pipeline.cameraName)
    message.components = findings.map(HealthMessage.Component.init)
    message.stamp = WallTime.now()
    message.bootID = settings.pipeline.bootID
    message.generation = settings.pipeline.generation
    message.uptimeSeconds = Double(uptimeNanoseconds) * 1e-9
    let total = crew.perception.stages.total
    message.latencyMedianMilliseconds = total.quantileNanoseconds(0.5).map { Double($0) * 1e-6 }
    message.latencyP99Milliseconds = total.quantileNanoseconds(0.99).map { Double($0) * 1e-6 }
    return message
  }
}
