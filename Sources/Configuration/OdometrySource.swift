/// Where speed and yaw rate come from.
public enum OdometrySource: Hashable, Sendable {
  /// Whatever the camera source itself carries: recordings and the simulator have odometry, cameras none.
  case camera
  /// There is none; scale is never learned.
  case none
  /// A ZeroMQ publisher that the daemon subscribes to.
  case zmq(endpoint: String)
  /// A CAN bus, by its network interface; which frames say what stands in `odometry.can`.
  case can(interface: String)
}

extension OdometrySource: ConfigurationText {
  static let allowed = #""camera", "none", "zmq:tcp://HOST:PORT", "zmq:ipc://PATH" or "can:INTERFACE""#

  public init?(configurationText text: String) {
    switch text {
    case "camera": self = .camera
    case "none": self = .none
    default:
      guard let (scheme, place) = text.splitOnce(at: ":") else { return nil }
      switch scheme {
      case "zmq":
        let isPath = place.hasPrefix("ipc://") && place.count > 6
        guard isPath || TCPEndpoint(place) != nil else { return nil }
        self = .zmq(endpoint: place)
      case "can":
        // What the kernel takes as a name.
        guard (1...15).contains(place.utf8.count), !place.contains(where: { $0 == "/" || $0.isWhitespace })
        else { return nil }
        self = .can(interface: place)
      default: return nil
      }
    }
  }

  public var configurationText: String {
    switch self {
    case .camera: "camera"
    case .none: "none"
    case .zmq(let endpoint): "zmq:\(endpoint)"
    case .can(let interface): "can:\(interface)"
    }
  }
}
