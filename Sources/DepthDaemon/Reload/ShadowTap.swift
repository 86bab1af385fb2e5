package import DepthPipeline
package import ImageBuffers
import Platform
package import Quantities

/// Copies of live frames, and of what the running pipeline made of them, for the comparison of models.
///
/// The reload thread leaves an empty sample, the perception thread fills it after its next frame. One sample goes to
/// and fro for a whole comparison, so that the frame's path allocates and frees nothing; while none is wanted it costs
/// one look at a flag.
package final class ShadowTap: Sendable {
  let wanted = Mailbox<ShadowSample>()
  let filled = Mailbox<ShadowSample>()

  package init() {}

  /// Fills a sample if one is wanted. Called by the perception thread.
  package func offer(_ frame: borrowing CameraFrame, of pipeline: DepthPipeline, _ report: FrameReport) {
    guard var sample = wanted.takeNow() else { return }
    sample.fill(frame, of: pipeline, report)
    filled.put(sample)
  }

  /// Has a sample filled. Called by the reload thread.
  ///
  /// - Returns: nil when no frame came in time.
  package func fill(_ sample: consuming ShadowSample, patienceNanoseconds: Int64) -> ShadowSample? {
    // What an earlier comparison did not wait for is of another time, and perhaps of another size.
    _ = filled.takeNow()
    wanted.put(sample)
    if let sample = filled.take(until: MonotonicTime.now() + patienceNanoseconds) { return sample }
    if wanted.takeNow() != nil { return nil }
    // It is being filled at this very moment.
    return filled.take(until: MonotonicTime.now() + patienceNanoseconds)
  }
}

/// One live frame and its depth. The reload thread allocates its memory, and frees it.
package struct ShadowSample: ~Copyable, Sendable {
  package private(set) var frame: CameraFrame
  /// The running pipeline's depth in metres, on its own grid.
  package private(set) var depth: [Float]
  private(set) var inferNanoseconds: Int64 = 0
  /// Of the frame that came, when it did not fit.
  package private(set) var misfit: ImageSize?

  package init(capturedSize: ImageSize, gridSize: ImageSize) {
    frame = CameraFrame(size: capturedSize, carriesTruth: false)
    depth = [Float](repeating: .nan, count: gridSize.pixelCount)
  }

  fileprivate mutating func fill(
    _ source: borrowing CameraFrame, of pipeline: DepthPipeline, _ report: FrameReport
  ) {
    // The other model has no range points: prediction is compared with prediction.
    let live = pipeline.predictedUnits()
    let fits = source.image.size == frame.image.size && live.count == depth.count
    misfit = fits ? nil : source.image.size
    guard fits else { return }
    frame.metadata = source.metadata
    frame.image.bytes.copyPixels(from: source.image.bytes)
    let metersPerUnit = Float(report.scale.value)
    for index in 0..<live.count { depth[index] = live[index] * metersPerUnit }
    inferNanoseconds = report.timings.infer
  }
}
