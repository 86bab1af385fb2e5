import Synchronization

/// Durations in fixed memory: 16 buckets per power of two, so a quantile is right to about 6 %.
public final class LatencyHistogram: Sendable {
  private static let bucketCount = 16 * 40

  private struct State {
    var counts = [UInt64](repeating: 0, count: LatencyHistogram.bucketCount)
    var total: UInt64 = 0
    var maximum: Int64 = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// Adds one duration; negative durations count as zero. Does not allocate.
  public func record(nanoseconds: Int64) {
    let bucket = Self.bucket(of: nanoseconds)
    state.withLock { state in
      state.counts[bucket] += 1
      state.total += 1
      state.maximum = max(state.maximum, nanoseconds)
    }
  }

  public var count: UInt64 { state.withLock { $0.total } }

  public var maximumNanoseconds: Int64 { state.withLock { $0.maximum } }

  /// The duration below which a `fraction` (0 to 1) of the records lie; nil before the first record.
  public func quantileNanoseconds(_ fraction: Double) -> Int64? {
    state.withLock { state in
      guard state.total > 0 else { return nil }
      let target = max(1, UInt64((Double(state.total) * fraction).rounded(.up)))
      var seen: UInt64 = 0
      for (bucket, count) in state.counts.enumerated() {
        seen += count
        if seen >= target { return min(Self.upperEdge(of: bucket), state.maximum) }
      }
      return state.maximum
    }
  }

  private static func bucket(of nanoseconds: Int64) -> Int {
    let value = UInt64(max(0, nanoseconds))
    guard value >= 16 else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let mantissa = Int((value >> UInt64(exponent - 4)) & 15)
    return min(bucketCount - 1, (exponent - 3) * 16 + mantissa)
  }

  private static func upperEdge(of bucket: Int) -> Int64 {
    guard bucket >= 16 else { return Int64(bucket) }
    let exponent = bucket / 16 + 3
    let mantissa = Int64(bucket % 16)
    return (16 + mantissa + 1) << Int64(exponent - 4)
  }
}
