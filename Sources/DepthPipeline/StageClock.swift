import ImageBuffers
import Platform
import Quantities

/// Marks the end of each stage of one frame.
struct StageClock {
  var timings = StageTimings()
  private let captureTime: MonotonicTime
  private var last: MonotonicTime

  init(capture: FrameMetadata) {
    captureTime = capture.captureTime
    last = MonotonicTime.now()
    timings.wait = last - captureTime
    timings.decode = capture.decodeNanoseconds
  }

  /// Ends the running stage and returns how long it took.
  mutating func lap() -> Int64 {
    let now = MonotonicTime.now()
    defer { last = now }
    timings.total = now - captureTime
    return now - last
  }
}
