import CANBus
import Odometry
import Platform
import Synchronization

/// What the odometry thread tells the rest of the daemon.
final class OdometryStatus: Sendable {
  /// Messages or samples of a bus that were taken in, and messages or frames that could not be used.
  let accepted = Counter()
  let rejected = Counter()
  /// Frames refused because of their counters; they count as rejected too.
  let counterFaults = Counter()
  private let storage = Mutex<(problem: String?, bus: BusReport?)>((nil, nil))

  /// Where a CAN bus stands.
  struct BusReport: Equatable, Sendable {
    var interface: String
    var fault: CANFault?
    var link: CANLink.Counts
    var signals: CANOdometry.Counts
  }

  /// Why the last message was refused, or why the endpoint cannot be reached; nil when all is well.
  var problem: String? { storage.withLock { $0.problem } }

  /// Nil unless odometry comes from a bus.
  var bus: BusReport? { storage.withLock { $0.bus } }

  func note(bus: BusReport?) { storage.withLock { $0.bus = bus } }

  /// Returns whether that is news.
  @discardableResult
  func note(_ problem: String?) -> Bool {
    storage.withLock { present in
      defer { present.problem = problem }
      return present.problem != problem
    }
  }
}
