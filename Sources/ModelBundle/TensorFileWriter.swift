import Platform
import Quantities
import TensorFiles

/// Writes a safetensors file piece by piece, in the order of its plan; it appears under its name when it is whole.
final class TensorFileWriter {
  private let path: String
  /// Nil when the file is finished.
  private var file: AtomicFileWriter?
  private var missingBytes: Int

  /// - Throws: `.unwritable`.
  init(
    path: String, _ plans: [TensorHeader.Plan], metadata: [String: String]
  ) throws(ModelBundleError) {
    file = try Self.begin(path, TensorHeader.encode(plans, metadata: metadata))
    self.path = path
    missingBytes = plans.reduce(0) { $0 + $1.byteCount }
  }

  private static func begin(
    _ path: String, _ header: [UInt8]
  ) throws(ModelBundleError) -> AtomicFileWriter {
    do {
      let file = try AtomicFileWriter(path: path)
      try file.write(header.span.bytes)
      return file
    } catch { throw .unwritable(path: path, reason: error.description) }
  }

  /// Adds the next bytes of the tensors.
  /// - Throws: `.unwritable`, for example when the disk is full.
  func append(_ bytes: UnsafeRawBufferPointer) throws(ModelBundleError) {
    missingBytes -= bytes.count
    do { try file?.write(bytes.bytes) } catch { throw .unwritable(path: path, reason: error.description) }
  }

  /// - Precondition: all bytes of the plan were appended.
  func finish() throws(ModelBundleError) {
    precondition(missingBytes == 0, "the file is \(missingBytes) bytes short of its plan")
    do { try file.take()?.commit() } catch { throw .unwritable(path: path, reason: error.description) }
  }
}
