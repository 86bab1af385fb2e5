import Glibc
import Inference
import ONNXFormat
import Platform
import Quantities

/// A regular file, opened. Whoever replaces the file under its name meanwhile changes nothing here.
package final class ReadableFile: Sendable {
  package let path: String
  /// Bytes of the whole file, when it was opened.
  package let length: Int
  private let file: FileDescriptor
  /// When its bytes were last written to.
  private let writtenAt: WriteTime

  /// - Throws: `.unreadable`.
  package init(path: String) throws(ModelBundleError) {
    self.path = path
    var status = stat()
    do { file = try FileDescriptor(path: path, flags: O_RDONLY | O_NONBLOCK) } catch {
      throw .unreadable(path: path, reason: error.description)
    }
    guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "it is no regular file")
    }
    length = Int(status.st_size)
    writtenAt = WriteTime(status)
  }

  /// Bytes that are worth reading at a time; a multiple of all element sizes.
  static let chunkLength = 1 << 20

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

  /// The whole file, or some of it.
  package func bytes(_ part: Range<Int>? = nil) throws(ModelBundleError) -> [UInt8] {
    let range = part ?? 0..<length
    var failure: ModelBundleError?
    let result = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(buffer)
      do throws(ModelBundleError) {
        try read(
          from: range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: target[..<range.count]))
        count = range.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return result
  }

  /// Fills `buffer` with the file's bytes from `offset` on.
  /// - Throws: `.unreadable`: the disk failed, or the file was cut short after it was opened.
  func read(from offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ModelBundleError) {
    if let reason = failure(reading: buffer, from: offset) { throw .unreadable(path: path, reason: reason) }
  }

  /// Why `buffer` could not be filled; nil when it was.
  fileprivate func failure(reading buffer: UnsafeMutableRawBufferPointer, from offset: Int) -> String? {
    let done: Int
    do { done = try file.read(into: buffer, at: offset) } catch { return error.description }
    guard done == buffer.count else {
      return "it ends at byte \(offset + done); it had \(length) when it was opened"
    }
    return nil
  }

  /// The file as an ONNX network, none of it held twice.
  /// - Throws: `.inference`; `.unreadable` also for a file that was written to since it was opened.
  func network() throws(ModelBundleError) -> Model {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let network: Model
    do { network = try Model(reading: FileBytes(self), name: name) } catch {
      if case .format(.unreadable(_, let reason)) = error { throw .unreadable(path: path, reason: reason) }
      throw .inference(path: path, error)
    }
    try requireUnchanged()
    return network
  }

  /// For whoever read the file more than once and needs to have read the same.
  /// - Throws: `.unreadable` when somebody wrote to it since it was opened.
  package func requireUnchanged() throws(ModelBundleError) {
    if isUnchanged { return }
    throw .unreadable(
      path: path,
      reason: "it was written to since it was opened. Copy under another name, rename, and load it again.")
  }

  /// Whether nobody wrote to the file since it was opened.
  var isUnchanged: Bool {
    var status = stat()
    return fstat(file.raw, &status) == 0 && WriteTime(status) == writtenAt
  }
}

private struct WriteTime: Equatable {
  let seconds, nanoseconds, length: Int

  init(_ status: stat) {
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
    length = Int(status.st_size)
  }
}

/// A file from its beginning to its end.
struct FileBytes: ByteSource {
  let file: ReadableFile
  private var position = 0

  init(_ file: ReadableFile) { self.file = file }

  var count: Int { file.length }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ONNXFormatError) {
    if let reason = file.failure(reading: buffer, from: position) {
      throw .unreadable(name: file.path, reason: reason)
    }
    position += buffer.count
  }
}
