/// What a safetensors file holds, its tensors' places and its metadata, with checks that readers of all formats need.
public protocol TensorDirectory: Sendable {
  /// What errors call the file: usually its path.
  var name: String { get }
  var metadata: [String: String] { get }
  var entries: [String: TensorHeader.Entry] { get }
}

extension TensorDirectory {
  /// Refuses a file that holds other tensors than these.
  public func requireTensors(_ names: Set<String>) throws(TensorFileError) {
    let missing = names.subtracting(entries.keys).sorted()
    let unknown = Set(entries.keys).subtracting(names).sorted()
    guard missing.isEmpty && unknown.isEmpty else {
      throw .otherTensors(file: name, missing: missing, unknown: unknown)
    }
  }

  /// A tensor of one of these types and this shape.
  /// - Throws: `.otherTensors`, `.wrongTensor`.
  public func entry(
    _ tensor: String, _ types: [TensorHeader.ElementType], shape: [Int]
  ) throws(TensorFileError) -> TensorHeader.Entry {
    guard let entry = entries[tensor] else {
      throw .otherTensors(file: name, missing: [tensor], unknown: [])
    }
    guard entry.shape == shape, types.contains(entry.type) else {
      let expected = types.map { TensorHeader.describe($0, shape) }.joined(separator: " or ")
      throw .wrongTensor(file: name, tensor: tensor, found: entry.description, expected: expected)
    }
    return entry
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
}
