import TensorFiles

/// An opened safetensors file whose tensors stay in the file until asked for.
final class TensorFileHandle: Sendable {
  let file: ReadableFile
  let header: TensorHeader
  /// The file's beginning, as `header` was read from.
  let headerBytes: [UInt8]

  /// - Throws: `.unreadable`, `.tensors`.
  init(path: String) throws(ModelBundleError) {
    file = try ReadableFile(path: path)
    let prefix = try file.bytes(0..<min(file.length, TensorHeader.prefixLength))
    let count: Int
    do { count = try TensorHeader.length(claimedBy: prefix, fileLength: file.length, name: path) } catch {
      throw .tensors(error)
    }
    headerBytes = try file.bytes(0..<count)
    do { header = try TensorHeader(headerBytes, fileLength: file.length, name: path) } catch {
      throw .tensors(error)
    }
  }

  /// Tensors by their place in the file.
  var entriesInOrder: [(name: String, entry: TensorHeader.Entry)] {
    header.entries.map { (name: $0.key, entry: $0.value) }
      .sorted { ($0.entry.bytes.lowerBound, $0.name) < ($1.entry.bytes.lowerBound, $1.name) }
  }
}
