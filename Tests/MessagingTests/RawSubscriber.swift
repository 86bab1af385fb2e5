import Glibc

/// A subscriber that speaks ZMTP 3.0 by hand over a Unix socket (RFC 23), so that it can die like a killed
/// process: the kernel closes the descriptor and nothing is said.
final class RawSubscriber {
  private let descriptor: Int32

  init?(path: String, topics: [String]) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 }
    }
    guard connected else { return nil }
    send([0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 0] + Array("NULL".utf8))
    send([UInt8](repeating: 0, count: 16 + 1 + 31))
    let ready: [UInt8] =
      [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 3] + Array("SUB".utf8)
    guard receive(64) else { return nil }
    send([4, UInt8(ready.count)] + ready)
    guard receive(28) else { return nil }
    for topic in topics { send([0, UInt8(topic.utf8.count + 1), 1] + Array(topic.utf8)) }
  }

  deinit {
    close(descriptor)
  }

  private func send(_ bytes: [UInt8]) {
    _ = write(descriptor, bytes, bytes.count)
  }

  /// Waits for the peer's next `count` bytes: its greeting (64), its READY command (28).
  private func receive(_ count: Int) -> Bool {
    var bytes = [UInt8](repeating: 0, count: count)
    var have = 0
    while have < count {
      let got = read(descriptor, &bytes, count - have)
      guard got > 0 else { return false }
      have += got
    }
    return true
  }
}
