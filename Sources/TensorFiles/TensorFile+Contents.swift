extension TensorFile {
  /// Refuses a file that holds other tensors than these.
  public func requireTensors(_ names: Set<String>) throws(TensorFileError) {
    let missing = names.subtracting(entries.keys).sorted()
    let unknown = Set(entries.keys).subtracting(names).sorted()
    guard missing.isEmpty && unknown.isEmpty else {
      throw .otherTensors(file: name, missing: missing, unknown: unknown)
    }
  }

  /// A metadata entry.
  public func text(_ key: String) throws(TensorFileError) -> String {
    guard let text = metadata[key] else { throw .missingMetadata(file: name, key: key) }
    return text
  }

  /// A metadata entry that must be one of the given words.
  @discardableResult
  public func text(_ key: String, oneOf words: [String]) throws(TensorFileError) -> String {
    let text = try text(key)
    guard words.contains(text) else {
      throw .badMetadata(file: name, key: key, found: text, expected: words.joined(separator: " or "))
    }
    return text
  }

  /// A metadata entry that is a positive, finite number.
  public func positiveNumber(_ key: String) throws(TensorFileError) -> Double {
    let text = try text(key)
    guard let value = Double(text), value > 0, value.isFinite else {
      throw .badMetadata(file: name, key: key, found: text, expected: "a positive number")
    }
    return value
  }

  /// A metadata entry that lists words separated by commas.
  public func words(_ key: String, count: Int) throws(TensorFileError) -> [String] {
    let text = try text(key)
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard words.count == count else {
      throw .badMetadata(file: name, key: key, found: text, expected: "\(count) values separated by commas")
    }
    return words
  }

  /// A metadata entry that lists whole numbers within a range, separated by commas.
  public func wholeNumbers(
    _ key: String, count: Int, in range: ClosedRange<Int>
  ) throws(TensorFileError) -> [Int] {
    let numbers = try words(key, count: count).compactMap { Int($0) }
    guard numbers.count == count, numbers.allSatisfy(range.contains) else {
      throw .badMetadata(
        file: name, key: key, found: metadata[key] ?? "",
        expected: "\(count) whole numbers from \(range.lowerBound) to \(range.upperBound)")
    }
    return numbers
  }

  /// The elements of a tensor of type F32 or F16, all finite.
  /// - Throws: `.otherTensors`, `.wrongTensor`, `.notFinite`.
  public func floats(_ tensor: String, shape: [Int]) throws(TensorFileError) -> [Float] {
    guard let entry = entries[tensor] else {
      throw .otherTensors(file: name, missing: [tensor], unknown: [])
    }
    guard entry.shape == shape, entry.type == .float32 || entry.type == .float16 else {
      throw .wrongTensor(
        file: name, tensor: tensor, found: entry.description, expected: Self.describe(.float32, shape))
    }
    let values = contents.withUnsafeBytes { bytes -> [Float] in
      let data = UnsafeRawBufferPointer(rebasing: bytes[entry.bytes])
      let count = data.count / entry.type.byteCount
      return (0..<count).map { index in
        entry.type == .float32
          ? Float(
            bitPattern: UInt32(littleEndian: data.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
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
