import Glibc
import Platform
import Quantities
import TensorFiles

/// An opened safetensors file whose tensors stay in the file until asked for. Whoever replaces the file under its name
/// meanwhile changes nothing here.
final class TensorFileHandle: Sendable {
  let path: String
  let header: TensorHeader
  /// The file's beginning, as `header` was read from.
  let headerBytes: [UInt8]
  /// Bytes of the whole file.
  let length: Int
  private let file: FileDescriptor

  /// - Throws: `.unreadable`, `.tensors`.
  init(path: String) throws(ModelBundleError) {
    self.path = path
    var status = stat()
    do { file = try FileDescriptor(path: path, flags: O_RDONLY | O_NONBLOCK) } catch {
      throw .unreadable(path: path, reason: error.description)
    }
    guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "it is no regular file")
    }
    length = Int(status.st_size)
    let prefix = try Self.bytes(0..<min(length, TensorHeader.prefixLength), of: file, path)
    let count: Int
    do { count = try TensorHeader.length(claimedBy: prefix, fileLength: length, name: path) } catch {
      throw .tensors(error)
    }
    headerBytes = try Self.bytes(0..<count, of: file, path)
    do { header = try TensorHeader(headerBytes, fileLength: length, name: path) } catch {
      throw .tensors(error)
    }
  }

  /// Tensors by their place in the file.
  var entriesInOrder: [(name: String, entry: TensorHeader.Entry)] {
    header.entries.map { (name: $0.key, entry: $0.value) }
      .sorted { ($0.entry.bytes.lowerBound, $0.name) < ($1.entry.bytes.lowerBound, $1.name) }
  }

  /// SHA-256 of the whole file, hexadecimal.
  func hash() throws(ModelBundleError) -> String {
    var hash = SHA256()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkLength, alignment: 64)
    defer { chunk.deallocate() }
    for offset in stride(from: 0, to: length, by: Self.chunkLength) {
      let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(Self.chunkLength, length - offset)])
      try read(from: offset, into: part)
      hash.update(UnsafeRawBufferPointer(part))
    }
    return hash.hexadecimal()
  }

  /// Bytes read at a time; a multiple of all element sizes.
  static let chunkLength = 1 << 20

  /// Fills `buffer` with the file's bytes from `offset` on.
  /// - Throws: `.unreadable`: the disk failed, or the file was cut short after it was opened.
  func read(from offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ModelBundleError) {
    try Self.read(from: offset, into: buffer, of: file, path)
  }

  private static func bytes(
    _ range: Range<Int>, of file: borrowing FileDescriptor, _ path: String
  ) throws(ModelBundleError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 1)
    defer { buffer.deallocate() }
    try read(from: range.lowerBound, into: buffer, of: file, path)
    return Array(buffer)
  }

  private static func read(
    from offset: Int, into buffer: UnsafeMutableRawBufferPointer, of file: borrowing FileDescriptor,
    _ path: String
  ) throws(ModelBundleError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(file.raw, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let reason =
          count == 0
          ? "it ends at byte \(offset + done), within its tensors" : String(cString: strerror(errno))
        throw .unreadable(path: path, reason: reason)
      }
      done += count
    }
  }
}
