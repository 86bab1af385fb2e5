/// A part of the daemon, or of what it depends on, that is judged by itself.
///
/// In the order of a frame's path; the raw values are the wire's words.
public enum HealthComponent: String, CaseIterable, Sendable {
  case camera, calibration, decode, model, bank, odometry, scale, sparse, publish
  /// The real-time clock.
  case clock
  /// The state folder.
  case disk
  case temperature
  /// The process as a whole: start, stop, reload. Has events; it has a level only while it runs another configuration
  /// than the file says.
  case daemon

  /// Those whose level stands in every `health/` message.
  public static let reported: [HealthComponent] = allCases.filter { $0 != .daemon }
}
