public import Quantities

/// Why no frames can come from a bus.
public enum CANFault: ReportableError, Equatable {
  case absent(interface: String)
  case notCAN(interface: String)
  case down(interface: String)
  /// The controller has switched itself off after too many errors.
  case busOff(interface: String)
  /// The controller hears so many errors that it no longer takes part in error signalling.
  case errorPassive(interface: String)
  /// The system does not give a socket.
  case refused(interface: String, SystemErrno)
  /// Receiving failed in a way that is not expected; the socket is opened again.
  case failed(interface: String, SystemErrno)

  public var severity: ErrorSeverity { .degrade }

  public var description: String {
    switch self {
    case .absent(let name):
      "there is no network interface \(name); plug the adapter in, or correct odometry.can.interface (`ip -br link`)"
    case .notCAN(let name): "\(name) is a network interface and no CAN bus; correct odometry.can.interface"
    case .down(let name):
      "\(name) is down; `ip link set \(name) up type can bitrate 500000` with the bus's bitrate"
    case .busOff(let name):
      """
      \(name) is bus-off: the controller met too many errors; check bitrate, termination and wiring, then \
      `ip link set \(name) type can restart`
      """
    case .errorPassive(let name):
      "\(name) is error-passive: most frames are broken; check bitrate, termination and wiring"
    case .refused(let name, let error):
      "no CAN socket on \(name): \(error); the kernel needs the module can_raw, and a container its host's interface"
    case .failed(let name, let error): "receiving on \(name) failed: \(error); trying again"
    }
  }
}
