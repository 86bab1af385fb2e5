import Foundation
import Messaging

/// A short-lived folder for socket files; short, because a socket path has at most 107 bytes.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    path = "/tmp/dm-\(UUID().uuidString.prefix(8))"
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  var endpoints: EndpointDirectory { EndpointDirectory(path: path) }
}

/// Repeats `condition` until it holds, for at most three seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<300 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}
