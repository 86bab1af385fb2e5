import Glibc
import Platform
import Quantities

/// Tells systemd how the service is doing (sd_notify(3)), by datagrams to `$NOTIFY_SOCKET`.
///
/// Without that variable, as when started by hand, every call does nothing.
struct SystemdNotifier: Sendable {
  /// How often systemd expects `watchdog()`, or nil when it does not.
  let watchdogIntervalSeconds: Double?
  private let socketPath: [UInt8]?

  init(environment: [String: String]) {
    socketPath = environment["NOTIFY_SOCKET"].flatMap { path in
      guard let first = path.utf8.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@") else {
        return nil
      }
      // A leading @ names the abstract namespace, whose addresses begin with a zero byte.
      return (first == UInt8(ascii: "@") ? [0] : [first]) + Array(path.utf8.dropFirst())
    }
    watchdogIntervalSeconds = environment["WATCHDOG_USEC"].flatMap(Double.init).map { $0 * 1e-6 }
  }

  func ready() { send("READY=1") }
  /// Ended by `ready`.
  func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(MonotonicTime.now().nanoseconds / 1000)") }
  func stopping() { send("STOPPING=1") }
  func watchdog() { send("WATCHDOG=1") }
  func status(_ line: String) { send("STATUS=\(line)") }

  private func send(_ message: String) {
    guard let socketPath else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard socketPath.count < capacity else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + socketPath.count)
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
