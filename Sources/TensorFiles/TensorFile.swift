import Quantities

/// A safetensors file in memory whose every claim about itself has been checked.
public struct TensorFile: TensorDirectory {
  private let header: TensorHeader
  let contents: [UInt8]

  public var name: String { header.name }
  public var metadata: [String: String] { header.metadata }
  public var entries: [String: TensorHeader.Entry] { header.entries }

  /// - Throws: `.length`, `.badHeader`, `.badTensor`.
  public init(_ contents: [UInt8], name: String) throws(TensorFileError) {
    let length = try TensorHeader.length(claimedBy: contents, fileLength: contents.count, name: name)
    header = try TensorHeader(contents[..<length], fileLength: contents.count, name: name)
    self.contents = contents
  }

  /// The elements of a tensor of type F32 or F16, all finite.
  /// - Throws: `.otherTensors`, `.wrongTensor`, `.notFinite`.
  public func floats(_ tensor: String, shape: [Int]) throws(TensorFileError) -> [Float] {
    let entry = try entry(tensor, [.float32, .float16], shape: shape)
    let values = contents.withUnsafeBytes { bytes -> [Float] in
      let data = UnsafeRawBufferPointer(rebasing: bytes[entry.bytes])
      let count = data.count / entry.type.byteCount
      return (0..<count).map { index in
        entry.type == .float32
          ? data.littleEndianFloat(at: 4 * index)
          : Float(
            Float16(
              bitPattern: UInt16(littleEndian: data.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
            ))
      }
    }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(file: name, tensor: tensor, index: index, value: values[index])
    }
    return values
  }
}
