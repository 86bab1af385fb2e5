import Capture
import Configuration
import DepthPipeline
import Geometry
import ImageBuffers
import ModelBundle
import Platform
import Quantities
import WireFormat

/// Makes, beside the running daemon, what a change needs. Nothing here is noticed by the frame's threads.
struct ReloadPreparation {
  let running: RunningConfiguration
  let next: RunningConfiguration
  let plan: ReloadPlan
  let channels: ReloadChannels

  /// Whether the source is opened anew: it is another one, or a camera whose frames would arrive too small.
  private var replacesSource: Bool {
    plan.parts.contains(.source)
      || next.settings.isDevice
        && next.settings.neededSize(for: next.model) != running.settings.neededSize(for: running.model)
  }

  /// Looks at a new source.
  ///
  /// - Returns: nil when the source stays.
  func inspectSource() throws(ReloadRefusal) -> DaemonSettings.SourceFacts? {
    guard plan.parts.contains(.source) else { return nil }
    do { return try next.settings.inspectSource() } catch { throw ReloadRefusal(error) }
  }

  /// The new pipeline, warmed; nil when the running one can go on.
  func buildPipeline(for facts: DaemonSettings.SourceFacts?) throws(ReloadRefusal)
    -> sending PreparedPipeline?
  {
    guard plan.parts.contains(.pipeline) else { return nil }
    let live = channels.perception.snapshot
    let size = facts?.frameSize ?? live.frameSize ?? next.settings.requestedSize
    let executor = HandoverExecutor(width: next.settings.team.width)
    do throws(PipelineError) {
      let pipeline = try builder.build(
        frameSize: size, carriesTruth: facts?.carriesTruth ?? live.carriesTruth, executor: executor)
      try pipeline.warmUp()
      return PreparedPipeline(pipeline: pipeline, executor: executor)
    } catch { throw ReloadRefusal(error) }
  }

  /// Runs the new pipeline on live frames beside the running one.
  ///
  /// - Returns: nil when models are not compared, or cannot be.
  /// - Throws: why the new model is worse.
  func compare(
    _ pipeline: DepthPipeline, _ warnings: inout [String], isAbandoned: @escaping () -> Bool
  ) throws(ReloadRefusal) -> ModelComparison? {
    let exchange = next.loaded.configuration.exchange
    guard exchange.frames > 0 else { return nil }
    guard !plan.parts.contains(.source) else {
      warnings.append("another source and another model at once: the models could not be compared")
      return nil
    }
    guard
      let comparison = try ShadowRun(channels: channels, isAbandoned: isAbandoned).run(
        pipeline, running: running, frames: exchange.frames, threads: next.settings.team.width)
    else {
      warnings.append("no depth flows, so the new model could not be compared with the running one")
      return nil
    }
    let period = next.settings.nominalRateHz > 0 ? 1000 / next.settings.nominalRateHz : nil
    let objections = ExchangeLimits(exchange).objections(
      to: comparison, isMetric: pipeline.isMetric, periodMilliseconds: period)
    guard objections.isEmpty else { throw ReloadRefusal(objections) }
    return comparison
  }

  /// The change itself.
  ///
  /// - Parameter attempt: number of a new source.
  func change(to prepared: consuming sending PreparedPipeline?, attempt: UInt64)
    -> sending (perception: PerceptionChange, source: SourceChange?)
  {
    let ticket = ChangeTicket(triesSource: replacesSource)
    let source = SourceChange(ticket: ticket, attempt: attempt, source: next.settings.source(for: next.model))
    let perception = PerceptionChange(
      ticket: ticket, sourceAttempt: replacesSource ? attempt : nil, builder: builder, replacement: prepared,
      odometry: next.settings.odometryUse, team: next.settings.team)
    return (perception, replacesSource ? source : nil)
  }

  private var builder: PipelineBuilder {
    PipelineBuilder(
      settings: next.settings.pipeline, model: next.model, calibration: next.settings.calibration)
  }
}
