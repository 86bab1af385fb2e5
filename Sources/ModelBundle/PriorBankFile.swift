public import PriorFusion
import TensorFiles

/// An opened prior bank, `priors.safetensors` (docs/bundle.md): what its header says is checked, rows stay in the file
/// until asked for, so that a bank may be larger than memory.
public final class PriorBankFile: Sendable {
  public let path: String
  public let metadata: PriorBankMetadata
  /// Bytes of the file.
  public var length: Int { handle.file.length }
  /// M.
  public var count: Int { sizes.references }
  /// C of f_s.
  public var featureChannels: Int { sizes.features }
  public var storage: PriorBank.Storage { sizes.storage }
  let handle: TensorFileHandle
  let sizes: PriorBankFormat.Sizes

  /// - Throws: `.unreadable`, `.tensors`, `.bank`.
  public init(path: String) throws(ModelBundleError) {
    handle = try TensorFileHandle(path: path)
    self.path = path
    do {
      try PriorBankMetadata.checkFormat(handle.header)
      sizes = try PriorBankFormat.sizes(of: handle.header)
      guard sizes.references > 0 else {
        throw ModelBundleError.bank(path: path, reason: "holds no references (M = 0)")
      }
      guard sizes.features > 0, sizes.teacherFeatures > 0 else {
        throw ModelBundleError.bank(path: path, reason: "is for features of no channels")
      }
      metadata = try PriorBankMetadata(handle.header, references: sizes.references)
    } catch let error as TensorFileError { throw .tensors(error) } catch let error as ModelBundleError {
      throw error
    } catch { throw .bank(path: path, reason: "\(error)") }
  }

  /// The id of the bank at a path, from its bytes alone: tells whether the file holds another one now.
  ///
  /// - Throws: `.unreadable`.
  public static func id(path: String) throws(ModelBundleError) -> String {
    String(try ReadableFile(path: path).hash().prefix(idLength))
  }

  /// Hexadecimal digits of an id.
  static let idLength = 16

  /// Reads the whole bank, checking every value.
  ///
  /// - Parameter expectedHash: SHA-256 that the file must have; nil when nothing vouches for it.
  /// - Throws: `.unreadable`, `.tensors`, `.bank`, `.wrongHash`.
  public func load(expectedHash: String? = nil) throws(ModelBundleError) -> PriorBank {
    var hash = SHA256()
    handle.headerBytes.withUnsafeBytes { hash.update($0) }
    var memory: [String: BankMemory] = [:]
    for (name, entry) in handle.entriesInOrder {
      let tensor = try self.memory(of: name)
      hash.update(tensor.bytes)
      try checkValues(tensor.bytes, of: name, type: entry.type, from: 0)
      memory[name] = tensor
    }
    let found = hash.hexadecimal()
    if let expectedHash, found != expectedHash.lowercased() {
      throw .wrongHash(path: path, expected: expectedHash, found: found)
    }
    func tensor(_ name: String) -> BankMemory {
      guard let tensor = memory[name] else { preconditionFailure("every tensor was read") }
      return tensor
    }
    return PriorBank(
      id: String(found.prefix(Self.idLength)), featureChannels: sizes.features, storage: sizes.storage,
      references: .init(
        keyPixel: tensor("key_pixel"), valuePixel: tensor("value_pixel"), keyHeads: tensor("key_heads"),
        valueHeads: tensor("value_heads"), disparity: tensor("disparity")),
      querySide: .init { tensor($0).array(of: Float.self) }, domain: metadata.domain)
  }

  /// Reads the whole file in bounded memory, checks every value and returns the file's SHA-256.
  ///
  /// - Parameter progress: is told how many of the file's bytes are done.
  /// - Throws: `.unreadable`, `.tensors`, `.bank`.
  public func verify(progress: (Int) -> Void = { _ in }) throws(ModelBundleError) -> String {
    var hash = SHA256()
    handle.headerBytes.withUnsafeBytes { hash.update($0) }
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: ReadableFile.chunkLength, alignment: BankMemory.alignment)
    defer { chunk.deallocate() }
    for (name, entry) in handle.entriesInOrder {
      for offset in stride(from: 0, to: entry.bytes.count, by: ReadableFile.chunkLength) {
        let length = min(ReadableFile.chunkLength, entry.bytes.count - offset)
        let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<length])
        try handle.file.read(from: entry.bytes.lowerBound + offset, into: part)
        hash.update(UnsafeRawBufferPointer(part))
        try checkValues(UnsafeRawBufferPointer(part), of: name, type: entry.type, from: offset)
        progress(entry.bytes.lowerBound + offset + length)
      }
    }
    return hash.hexadecimal()
  }
}
