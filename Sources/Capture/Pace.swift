import Glibc
import Platform
import Quantities

/// Waiting for a moment of the monotonic clock without spinning.
enum Pace {
  /// Sleeps until `time`; returns at once when it has passed.
  static func sleep(until time: MonotonicTime) {
    var request = timespec(
      tv_sec: Int(time.nanoseconds / 1_000_000_000), tv_nsec: Int(time.nanoseconds % 1_000_000_000))
    // A signal may end the sleep early; the moment is absolute, so it is simply asked for again.
    while MonotonicTime.now() < time,
      clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &request, nil) == EINTR
    {}
  }
}
