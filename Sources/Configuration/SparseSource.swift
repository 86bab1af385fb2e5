/// Where range points come from.
public enum SparseSource: Hashable, Sendable {
  /// Whatever the camera source itself carries: recordings with `sparse/` and the simulator have points, cameras
  /// none.
  case camera
  case none
  /// A ZeroMQ publisher that the daemon subscribes to.
  case zmq(endpoint: String)
}

extension SparseSource: ConfigurationText {
  static let allowed = #""camera", "none", "zmq:tcp://HOST:PORT" or "zmq:ipc://PATH""#

  public init?(configurationText text: String) {
    // The same words as the odometry's, less the bus.
    switch OdometrySource(configurationText: text) {
    case .camera: self = .camera
    case .some(.none): self = .none
    case .zmq(let endpoint): self = .zmq(endpoint: endpoint)
    case .can, nil: return nil
    }
  }

  public var configurationText: String {
    switch self {
    case .camera: "camera"
    case .none: "none"
    case .zmq(let endpoint): "zmq:\(endpoint)"
    }
  }
}
