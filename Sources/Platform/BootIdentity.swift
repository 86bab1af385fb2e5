import Glibc

/// Which run of which machine this is: monotonic times may be compared only when it is equal.
public enum BootIdentity {
  /// The kernel's random number of this boot, 36 characters; nil where /proc is not mounted.
  public static func read() -> String? {
    guard let descriptor = try? FileDescriptor(path: "/proc/sys/kernel/random/boot_id", flags: O_RDONLY)
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = Glibc.read(descriptor.raw, &bytes, bytes.count)
    guard count >= 36 else { return nil }
    return String(decoding: bytes[..<36], as: UTF8.self)
  }
}
