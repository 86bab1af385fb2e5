import DepthPipeline
import ImageBuffers
import Platform
import Quantities

/// Copies of live frames, and of what the running pipeline made of them, for the comparison of models.
///
/// The reload thread leaves an empty sample, the perception thread fills it after its next frame. While no sample is
/// wanted this costs the frame's path one look at a flag.
final class ShadowTap: Sendable {
  let wanted = Mailbox<ShadowSample>()
  let filled = Mailbox<ShadowSample>()

  /// Fills a sample if one is wanted. Called by the perception thread.
  func offer(_ frame: borrowing CameraFrame, of pipeline: DepthPipeline, _ report: FrameReport) {
    guard var sample = wanted.takeNow() else { return }
    sample.fill(frame, of: pipeline, report)
    filled.put(sample)
  }
}

/// One live frame and its depth. Memory is allocated by the reload thread, once.
struct ShadowSample: ~Copyable, Sendable {
  private(set) var frame: CameraFrame
  /// The running pipeline's depth in metres, on its own grid.
  private(set) var depth: [Float]
  private(set) var inferNanoseconds: Int64 = 0
  /// Whether the frame and the grid had the sizes the sample was made for.
  private(set) var fits = false

  init(capturedSize: ImageSize, gridSize: ImageSize) {
    frame = CameraFrame(size: capturedSize, carriesTruth: false)
    depth = [Float](repeating: .nan, count: gridSize.pixelCount)
  }

  fileprivate mutating func fill(
    _ source: borrowing CameraFrame, of pipeline: DepthPipeline, _ report: FrameReport
  ) {
    let live = pipeline.metricDepth
    fits = source.image.size == frame.image.size && live.count == depth.count
    guard fits else { return }
    frame.metadata = source.metadata
    frame.image.bytes.copyPixels(from: source.image.bytes)
    for index in 0..<live.count { depth[index] = live[index] }
    inferNanoseconds = report.timings.infer
  }
}
