/// An endpoint's text, understood as far as its safety needs.
enum Endpoint: Equatable {
  /// A Unix socket file.
  case ipc(path: String)
  case tcp(isLoopback: Bool)

  /// `sockaddr_un` holds 108 bytes with the NUL.
  static let longestPath = 107

  init(_ text: String) throws(MessagingError) {
    if text.hasPrefix("ipc://") {
      let path = String(text.dropFirst(6))
      guard path.hasPrefix("/") else { throw .badEndpoint(text, reason: "an ipc path must begin with \"/\"") }
      guard path.utf8.count <= Self.longestPath else {
        throw .badEndpoint(
          text, reason: "the path has \(path.utf8.count) bytes, the system allows \(Self.longestPath)")
      }
      self = .ipc(path: path)
    } else if text.hasPrefix("tcp://") {
      let host = String(text.dropFirst(6).split(separator: "/").first ?? "")
      guard let colon = host.lastIndex(of: ":") else { throw .badEndpoint(text, reason: "no port") }
      self = .tcp(isLoopback: Self.isLoopback(String(host[..<colon])))
    } else {
      throw .badEndpoint(text, reason: "use ipc:///path or tcp://address:port")
    }
  }

  /// Whether a host names this machine only.
  ///
  /// `*`, `0.0.0.0` and interface names do not; nor does anything that merely begins like a loopback address.
  private static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
