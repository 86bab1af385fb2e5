/// A ZeroMQ address of the form `tcp://HOST:PORT`.
public struct TCPEndpoint: Hashable, Sendable, CustomStringConvertible {
  /// As written: a name, an IPv4 address, an IPv6 address in brackets, or `*` for all interfaces.
  public let host: String
  public let port: Int

  /// Nil for anything that is not of this form, or for a port outside 1 to 65535.
  public init?(_ text: String) {
    guard text.hasPrefix("tcp://") else { return nil }
    let address = text.dropFirst(6)
    guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
      (1...65535).contains(port)
    else { return nil }
    let host = String(address[..<colon])
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    let isPlain =
      !host.isEmpty && host.unicodeScalars.allSatisfy { $0.isASCII && ($0.isHostCharacter || $0 == "*") }
    guard isBracketed || isPlain else { return nil }
    self.host = host
    self.port = port
  }

  /// Whether only programs on this machine can reach it.
  public var isLoopback: Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  public var description: String { "tcp://\(host):\(port)" }
}

/// A TCP address that may be left empty.
public enum TCPEndpointSetting: Hashable, Sendable {
  case none
  case endpoint(TCPEndpoint)

  public var endpoint: TCPEndpoint? {
    if case .endpoint(let endpoint) = self { endpoint } else { nil }
  }
}

extension TCPEndpointSetting: ConfigurationText {
  static let allowed = #""" (none) or "tcp://HOST:PORT""#

  public init?(configurationText text: String) {
    if text.isEmpty {
      self = .none
      return
    }
    guard let endpoint = TCPEndpoint(text) else { return nil }
    self = .endpoint(endpoint)
  }

  public var configurationText: String { endpoint?.description ?? "" }
}

extension Unicode.Scalar {
  fileprivate var isHostCharacter: Bool {
    ("a"..."z").contains(self) || ("A"..."Z").contains(self) || ("0"..."9").contains(self)
      || self == "." || self == "-" || self == "_"
  }
}
