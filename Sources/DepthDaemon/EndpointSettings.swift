import Messaging

/// Where the daemon's sockets are bound: files in one folder, and TCP where the configuration asks for it.
struct EndpointSettings: Sendable {
  var directory: EndpointDirectory
  var streamTCP = ""
  var latestTCP = ""
  var statusTCP = ""
  /// Whether addresses other machines can reach may be bound.
  var allowInsecure = false

  var stream: [String] { [directory.stream] + (streamTCP.isEmpty ? [] : [streamTCP]) }
  var latest: [String] { [directory.latest] + (latestTCP.isEmpty ? [] : [latestTCP]) }
  var status: [String] { [directory.status] + (statusTCP.isEmpty ? [] : [statusTCP]) }
}
