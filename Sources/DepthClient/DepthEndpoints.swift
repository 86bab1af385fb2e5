public import Messaging

/// Where a daemon's four sockets are.
public struct DepthEndpoints: Hashable, Sendable {
  public var stream: String
  public var latest: String
  public var status: String
  public var control: String

  /// Any ZeroMQ endpoints, for a daemon on another machine.
  public init(stream: String, latest: String, status: String, control: String) {
    self.stream = stream
    self.latest = latest
    self.status = status
    self.control = control
  }

  /// The socket files of a daemon on this machine.
  public init(_ directory: EndpointDirectory) {
    self.init(
      stream: directory.stream, latest: directory.latest, status: directory.status,
      control: directory.control)
  }
}
