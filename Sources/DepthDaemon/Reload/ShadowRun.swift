import DepthPipeline
import Platform
import Preprocessing
import Quantities
import WireFormat

/// Runs a new pipeline on copies of live frames and compares its depth with the running one's.
struct ShadowRun {
  let channels: ReloadChannels
  /// Whether nobody wants to know any more; asked between two frames.
  let isAbandoned: () -> Bool

  /// Frames come at least this often, or the camera is as good as away.
  private static let framePatience: Int64 = 3_000_000_000
  /// Longest comparison; whoever asked is waiting.
  private static let patience: Int64 = 60_000_000_000

  /// Compares on `frames` frames, or on as many as come within a minute; nil when none does.
  ///
  /// - Parameter threads: that the new network will have.
  /// - Throws: when the new pipeline fails on a live frame, or frames change their size meanwhile.
  func run(
    _ pipeline: DepthPipeline, running: RunningConfiguration, frames: Int, threads: Int
  ) throws(ReloadRefusal) -> ModelComparison? {
    guard let gridSize = channels.perception.snapshot.gridSize else { return nil }
    let overlap = GridOverlap(pipeline.grid, try runningGrid(running, pipeline, gridSize))
    let sink = DeafSink()
    var agreement = DepthAgreement()
    var empty = Optional(ShadowSample(capturedSize: pipeline.grid.capturedSize, gridSize: gridSize))
    let deadline = MonotonicTime.now() + Self.patience
    while agreement.frameCount < frames, MonotonicTime.now() < deadline, !isAbandoned(),
      let wanted = empty.take(),
      let sample = channels.shadow.fill(wanted, patienceNanoseconds: Self.framePatience)
    {
      try compare(sample, pipeline, sink, overlap, threads, &agreement)
      empty = consume sample
    }
    return agreement.comparison
  }

  /// One frame in both.
  private func compare(
    _ sample: borrowing ShadowSample, _ pipeline: DepthPipeline, _ sink: DeafSink, _ overlap: GridOverlap,
    _ threads: Int, _ agreement: inout DepthAgreement
  ) throws(ReloadRefusal) {
    if let size = sample.misfit {
      throw ReloadRefusal([
        "frames became \(size) while the models were compared on \(pipeline.grid.capturedSize); try again"
      ])
    }
    let begin = ThreadTime.now()
    let report: FrameReport
    do { report = try pipeline.process(sample.frame, context: FrameContext(), sink: sink) } catch {
      throw ReloadRefusal(["the new model fails on a live frame: \(error)"])
    }
    // Beside the running pipeline the wall time is longer than it will be; the processor's is not. The network has
    // the same share of both.
    let share = Double(report.timings.infer) / Double(max(1, report.timings.total - report.timings.wait))
    let serialMilliseconds = share * Double(ThreadTime.now() - begin) * 1e-6
    sample.depth.withUnsafeBufferPointer { old in
      agreement.add(
        old: old, new: pipeline.metricDepth, overlap: overlap,
        inferOldMilliseconds: Double(sample.inferNanoseconds) * 1e-6,
        inferNewMilliseconds: serialMilliseconds / Double(max(1, threads)))
    }
  }

  /// The grid of the running pipeline, for frames of the same size.
  private func runningGrid(
    _ running: RunningConfiguration, _ pipeline: DepthPipeline, _ size: ImageSize
  ) throws(ReloadRefusal) -> PublishedGrid {
    do {
      return try PublishedGrid(
        capturedSize: pipeline.grid.capturedSize, calibration: running.settings.calibration, size: size,
        fit: running.settings.pipeline.fit, verticalOffset: running.settings.pipeline.verticalOffset)
    } catch {
      throw ReloadRefusal([
        "the models cannot be compared: the running one's calibration does not fit: \(error)"
      ])
    }
  }
}

/// Wants nothing.
private final class DeafSink: FrameSink {
  func wants(_ kind: TopicKind) -> Bool { false }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {}
}
