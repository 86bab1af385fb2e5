public import Quantities

/// Why a socket could not be made or used.
public enum MessagingError: ReportableError, Equatable {
  /// Somebody serves the endpoint already.
  case endpointInUse(endpoint: String, processID: Int32?)
  /// A TCP endpoint that other machines could reach, without leave to do so.
  case insecureEndpoint(String)
  /// An endpoint ZeroMQ cannot use.
  case badEndpoint(String, reason: String)
  /// The folder for socket files cannot be used.
  case directory(path: String, reason: String)
  /// A ZeroMQ call failed.
  case zeroMQ(operation: String, endpoint: String, SystemErrno)
  /// The control socket's peer did not answer in time.
  case noReply(endpoint: String, milliseconds: Int)

  public var severity: ErrorSeverity {
    switch self {
    case .endpointInUse, .insecureEndpoint, .badEndpoint, .directory: .stop
    case .zeroMQ, .noReply: .degrade
    }
  }

  public var description: String {
    switch self {
    case .endpointInUse(let endpoint, let processID):
      "\(endpoint) is in use by "
        + (processID.map { "process \($0)" } ?? "another process")
        + ". Stop that daemon, or give this one another directory (publish.directory) or port."
    case .insecureEndpoint(let endpoint):
      "\(endpoint) can be reached by other machines and is not encrypted. "
        + "Use 127.0.0.1, or set publish.allow_insecure = true if the network is trusted."
    case .badEndpoint(let endpoint, let reason): "endpoint \"\(endpoint)\": \(reason)"
    case .directory(let path, let reason): "socket directory \(path): \(reason)"
    case .zeroMQ(let operation, let endpoint, let code): "\(operation) on \(endpoint) failed: \(code)"
    case .noReply(let endpoint, let milliseconds):
      "\(endpoint) did not answer within \(milliseconds) ms. Is depthd running, with the same directory?"
    }
  }
}
