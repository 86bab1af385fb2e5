import DepthPipeline
import Platform
import Preprocessing
import Quantities
import WireFormat

/// Runs a new pipeline on copies of live frames and compares its depth with the running one's.
struct ShadowRun {
  let channels: ReloadChannels
  let stop: StopFlag
  /// Longest wait for a frame, nanoseconds.
  let patience: Int64

  /// Compares on `frames` frames, or on as many as come; nil when none does.
  ///
  /// - Parameter threads: that the new network will have.
  func run(
    _ pipeline: DepthPipeline, running: RunningConfiguration, frames: Int, threads: Int
  ) -> ModelComparison? {
    guard let gridSize = channels.perception.snapshot.gridSize,
      let grid = runningGrid(running, pipeline, gridSize)
    else { return nil }
    let overlap = GridOverlap(pipeline.grid, grid)
    let sink = DeafSink()
    var agreement = DepthAgreement()
    while agreement.frameCount < frames, !stop.isRaised {
      guard let sample = nextSample(pipeline.grid.capturedSize, gridSize), sample.fits else { break }
      let begin = ThreadTime.now()
      guard let report = try? pipeline.process(sample.frame, context: FrameContext(), sink: sink) else {
        break
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
    return agreement.comparison
  }

  /// The grid of the running pipeline, for frames of the same size.
  private func runningGrid(
    _ running: RunningConfiguration, _ pipeline: DepthPipeline, _ size: ImageSize
  ) -> PublishedGrid? {
    try? PublishedGrid(
      capturedSize: pipeline.grid.capturedSize, calibration: running.settings.calibration, size: size,
      fit: running.settings.pipeline.fit, verticalOffset: running.settings.pipeline.verticalOffset)
  }

  private func nextSample(_ capturedSize: ImageSize, _ gridSize: ImageSize) -> ShadowSample? {
    channels.shadow.wanted.put(ShadowSample(capturedSize: capturedSize, gridSize: gridSize))
    if let sample = channels.shadow.filled.take(until: MonotonicTime.now() + patience) { return sample }
    _ = channels.shadow.wanted.takeNow()
    return nil
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
