/// A point on CLOCK_MONOTONIC. The value only: reading the clock belongs to `Platform`.
public struct MonotonicTime: Hashable, Comparable, Sendable {
  /// Nanoseconds since an arbitrary point at boot.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// Builds a time from seconds, rounded to the nearest nanosecond.
  public init(seconds: Double) {
    self.nanoseconds = Int64((seconds * 1e9).rounded())
  }

  /// Seconds as a floating-point number; exact to a microsecond for a century of uptime.
  public var seconds: Double { Double(nanoseconds) * 1e-9 }

  public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The signed distance in nanoseconds.
  public static func - (left: MonotonicTime, right: MonotonicTime) -> Int64 {
    left.nanoseconds - right.nanoseconds
  }

  public static func + (time: MonotonicTime, nanoseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: time.nanoseconds + nanoseconds)
  }
}

/// A point on CLOCK_REALTIME (Unix time). May step; never used to measure a duration.
public struct WallTime: Hashable, Sendable {
  /// Nanoseconds since 1970-01-01 UTC.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }
}
