import Glibc
public import Quantities

extension MonotonicTime {
  /// The machine's monotonic clock, the one V4L2 stamps frames with.
  public static func now() -> MonotonicTime {
    MonotonicTime(nanoseconds: readClock(CLOCK_MONOTONIC))
  }
}

extension WallTime {
  /// The machine's real-time clock.
  public static func now() -> WallTime {
    WallTime(nanoseconds: readClock(CLOCK_REALTIME))
  }
}

/// Processor time of the calling thread alone: what its work costs, however busy the machine is.
public enum ThreadTime {
  /// Nanoseconds since some moment.
  public static func now() -> Int64 { readClock(CLOCK_THREAD_CPUTIME_ID) }
}

private func readClock(_ clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
