import Capture
import DepthPipeline
import ImageBuffers
import Platform
import Quantities
import TestSupport

/// Takes prepared buffers through mailbox, decoder and pipeline, one frame at a time.
final class FrameRunner {
  private let camera: ScriptedCamera
  private let pool: FramePool
  private let mailbox = Mailbox<FrameLease>()
  private let pipeline: DepthPipeline
  private let points: [RangePixel]
  private var frameCount = 0

  /// A wall's range points on every 8th pixel, 4,800 of them.
  private static func wall() -> [RangePixel] {
    stride(from: 0, to: CameraBuffers.size.pixelCount, by: 64).map { place in
      RangePixel(
        u: Float(place % CameraBuffers.size.width), v: Float(place / CameraBuffers.size.width),
        depthMeters: 3 + Float(place % 97) / 50)
    }
  }

  /// - Parameter hasRangePoints: whether a range sensor sees three frames of four.
  init(_ buffers: CameraBuffers, _ setup: PathSetup, threads: Int, hasRangePoints: Bool) throws {
    points = hasRangePoints ? Self.wall() : []
    camera = try ScriptedCamera(buffers)
    pool = FramePool(count: 4, size: camera.frameSize, carriesTruth: false)
    pipeline = try setup.pipeline(threads: threads)
  }

  /// What the capture thread and then the perception thread do for one frame.
  @discardableResult
  func runFrame(to sink: any FrameSink) throws -> StageTimings {
    guard var lease = pool.lease() else { throw TestFailure("the pool has no free frame") }
    guard case .frame = camera.next(into: &lease, until: MonotonicTime.now()) else {
      throw TestFailure("a prepared buffer could not be decoded")
    }
    // Every fourth frame is predicted, the others are completed where the model can.
    frameCount += 1
    lease.frame.rangePixels = frameCount % 4 == 0 ? [] : points
    mailbox.put(lease)
    guard let received = mailbox.take(until: MonotonicTime.now() + 1_000_000_000) else {
      throw TestFailure("the mailbox lost a frame")
    }
    return try process(received, sink)
  }

  private func process(_ lease: consuming FrameLease, _ sink: any FrameSink) throws -> StageTimings {
    try pipeline.process(lease.frame, context: FrameContext(), sink: sink).timings
  }
}
