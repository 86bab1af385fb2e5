import Glibc
public import Quantities

extension SystemErrno {
  /// The calling thread's errno. Call it on the line after the system call that failed.
  public static var current: SystemErrno { SystemErrno(errno) }

  /// An errno value with the system's text for it.
  public init(_ code: Int32) {
    var buffer = [CChar](repeating: 0, count: 128)
    let known = strerror_r(code, &buffer, buffer.count) == 0
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    self.init(code: code, text: known ? String(decoding: bytes, as: UTF8.self) : "error \(code)")
  }
}
