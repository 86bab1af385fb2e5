public import Quantities

/// The latest odometry in memory of fixed size, in order of time.
///
/// Nothing is allocated after `init`.
public struct OdometryTrack: Sendable {
  /// What became of a sample.
  public enum Verdict: Equatable, Sendable {
    case accepted
    /// Same time as one already held; the first stays.
    case duplicate
    /// Older than one already held; dropped.
    case reordered
    /// So much older that the sender's clock must have been set back: the track starts anew with this sample.
    case restarted
    /// Speed or yaw rate is not a number; dropped.
    case notANumber
  }

  /// A sample this much older than the newest means another clock, not a late message, nanoseconds.
  private static let restartNanoseconds: Int64 = 2_000_000_000

  public let capacity: Int
  /// A pause longer than this counts as a gap, nanoseconds.
  public var largestGapNanoseconds: Int64
  public private(set) var count = 0
  public private(set) var gapCount: UInt64 = 0
  public private(set) var duplicateCount: UInt64 = 0
  public private(set) var reorderCount: UInt64 = 0
  public private(set) var restartCount: UInt64 = 0
  public private(set) var notANumberCount: UInt64 = 0
  private var ring: [OdometrySample]
  /// Place of the oldest sample in `ring`.
  private var first = 0

  /// - Parameters:
  ///   - capacity: samples held; at 50 Hz, 512 are ten seconds.
  ///   - largestGapNanoseconds: for example two and a half sample periods.
  public init(capacity: Int, largestGapNanoseconds: Int64) {
    precondition(capacity > 1, "a track needs room for two samples")
    self.capacity = capacity
    self.largestGapNanoseconds = largestGapNanoseconds
    let nothing = OdometrySample(
      time: MonotonicTime(nanoseconds: 0), speedMetersPerSecond: 0, yawRateRadiansPerSecond: 0)
    ring = [OdometrySample](repeating: nothing, count: capacity)
  }

  /// Sample `index`, 0 = oldest.
  public subscript(index: Int) -> OdometrySample {
    precondition(index >= 0 && index < count, "no such sample")
    return ring[(first + index) % capacity]
  }

  public var newest: OdometrySample? { count > 0 ? self[count - 1] : nil }

  /// Takes in one sample; the oldest gives way when the track is full.
  @discardableResult
  public mutating func add(_ sample: OdometrySample) -> Verdict {
    guard sample.speedMetersPerSecond.isFinite, sample.yawRateRadiansPerSecond.isFinite else {
      notANumberCount += 1
      return .notANumber
    }
    var verdict = Verdict.accepted
    if let newest {
      let step = sample.time - newest.time
      if step == 0 {
        duplicateCount += 1
        return .duplicate
      }
      if step < -Self.restartNanoseconds {
        restartCount += 1
        count = 0
        verdict = .restarted
      } else if step < 0 {
        reorderCount += 1
        return .reordered
      } else if step > largestGapNanoseconds {
        gapCount += 1
      }
    }
    if count == capacity {
      first = (first + 1) % capacity
      count -= 1
    }
    ring[(first + count) % capacity] = sample
    count += 1
    return verdict
  }

  /// The newest sample taken at `time` or before; nil when there is none.
  public func latest(at time: MonotonicTime) -> OdometrySample? {
    let place = firstIndex(after: time)
    return place > 0 ? self[place - 1] : nil
  }

  /// Nanoseconds from the newest sample up to `time` to `time`; nil when there is none.
  public func age(at time: MonotonicTime) -> Int64? {
    latest(at: time).map { time - $0.time }
  }

  /// Forgets all samples; the counts stay.
  public mutating func removeAll() {
    count = 0
  }

  /// Index of the first sample younger than `time`, by bisection.
  func firstIndex(after time: MonotonicTime) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
