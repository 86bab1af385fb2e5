import Glibc
import Platform
import Quantities

/// Reading of the small files that people write.
enum TextFile {
  enum Failure: Error, Equatable {
    case missing
    case unreadable(reason: String)
  }

  private static let largest = 4 << 20

  /// The whole text of a file of at most 4 MiB.
  ///
  /// - Throws: `.missing` if there is no such file, `.unreadable` for anything else.
  static func read(_ path: String) throws(Failure) -> String {
    let bytes: [UInt8]
    do { bytes = try contents(of: path) } catch {
      throw error.code == ENOENT ? .missing : .unreadable(reason: error.text)
    }
    guard bytes.count <= largest else { throw .unreadable(reason: "it is larger than 4 MiB") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(reason: "it is not UTF-8 text")
    }
    return text
  }

  private static func contents(of path: String) throws(SystemErrno) -> [UInt8] {
    let descriptor = try FileDescriptor(path: path, flags: O_RDONLY)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while bytes.count <= largest {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor.raw, $0.baseAddress, $0.count) }
      if count < 0 {
        let failure = SystemErrno.current
        if failure.code == EINTR { continue }
        throw failure
      }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return bytes
  }
}
