import Capture
import ImageBuffers
import Platform
import Quantities

/// What a source delivered during some seconds.
struct Observation {
  var frames = 0
  var corrupt = 0
  var lost: UInt64 = 0
  var reconfigurations = 0
  var complaints: [String] = []
  var firstTime: MonotonicTime?
  var lastTime: MonotonicTime?
  /// Longest time between two frames, seconds.
  var longestGap = 0.0
  var isInOrder = true
  var timeSources: Set<FrameMetadata.TimeSource> = []
  /// Mean colours of the eight bars of the test picture in the last frame.
  var bars: [[Int]] = []

  var rateHz: Double {
    guard frames > 1, let firstTime, let lastTime, lastTime > firstTime else { return 0 }
    return Double(frames - 1) / (Double(lastTime - firstTime) * 1e-9)
  }

  mutating func add(_ metadata: FrameMetadata) {
    frames += 1
    lost += metadata.lostBefore
    timeSources.insert(metadata.timeSource)
    if let lastTime {
      longestGap = max(longestGap, Double(metadata.captureTime - lastTime) * 1e-9)
      if metadata.captureTime <= lastTime { isInOrder = false }
    }
    firstTime = firstTime ?? metadata.captureTime
    lastTime = metadata.captureTime
  }
}

/// A source with the loop that a capture thread runs, one thread and no hurry.
final class Camera {
  let source: V4L2Source
  private var pool: FramePool

  init(_ settings: CameraSettings) {
    source = V4L2Source(settings)
    pool = FramePool(count: 1, size: source.frameSize, carriesTruth: false)
  }

  /// Takes frames for so many seconds, or until `stop` says so.
  func observe(seconds: Double, until stop: (Observation) -> Bool = { _ in false }) -> Observation {
    var seen = Observation()
    let end = MonotonicTime.now() + Int64(seconds * 1e9)
    while .now() < end && !stop(seen) {
      guard var lease = pool.lease() else { break }
      switch source.next(into: &lease, until: min(end, .now() + 200_000_000)) {
      case .frame:
        seen.add(lease.frame.metadata)
        seen.bars = Self.barColours(lease.frame.image)
      case .corrupt: seen.corrupt += 1
      case .reconfigured:
        seen.reconfigurations += 1
        pool = FramePool(count: 1, size: source.frameSize, carriesTruth: false)
      case .unavailable(let error):
        if seen.complaints.last != error.description { seen.complaints.append(error.description) }
      case .timeout, .ended: break
      }
    }
    return seen
  }

  /// Means over the middle of eight equal columns.
  private static func barColours(_ image: borrowing RGBImage) -> [[Int]] {
    let (width, height) = (image.size.width, image.size.height)
    return (0..<8).map { bar in
      var sums = [0, 0, 0]
      var count = 0
      for y in (height * 7 / 10)..<(height * 8 / 10) {
        let row = image.bytes.row(y)
        for x in (width * (3 * bar + 1) / 24)..<(width * (3 * bar + 2) / 24) {
          for channel in 0..<3 { sums[channel] += Int(row[3 * x + channel]) }
          count += 1
        }
      }
      return sums.map { $0 / max(1, count) }
    }
  }
}
