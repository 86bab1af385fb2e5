// The fields of protobuf messages, one after the other, undecoded.
// Encoding: https://protobuf.dev/programming-guides/encoding/

/// Reads tags, numbers and contents in the order of the file.
struct FieldReader<Source: ByteSource> {
  /// What stands in a field's tag.
  struct Tag {
    let raw: UInt64
    var number: Int { Int(raw >> 3) }
    var kind: Kind
  }

  enum Kind: UInt64 {
    case varint = 0
    case eightBytes = 1
    case lengthDelimited = 2
    case fourBytes = 5
  }

  private var source: Source
  private let name: String
  /// Bytes that were read ahead, for tags and other short things.
  private var window: [UInt8] = []
  private var used = 0
  private var windowEnd = 0

  init(_ source: Source, name: String) {
    self.source = source
    self.name = name
  }

  /// Place of the next byte in the file.
  var position: Int { windowEnd - window.count + used }
  var count: Int { source.count }

  /// - Parameter end: where the message ends that the tag stands in.
  mutating func tag(before end: Int) throws(ONNXFormatError) -> Tag {
    let place = position
    let raw = try varint(before: end)
    // Groups, kinds 3 and 4, were given up long before ONNX.
    guard raw >> 3 > 0, raw >> 3 <= Int32.max, let kind = Kind(rawValue: raw & 7) else {
      throw malformed("byte \(place) begins no field")
    }
    return Tag(raw: raw, kind: kind)
  }

  mutating func varint(before end: Int) throws(ONNXFormatError) -> UInt64 {
    let place = position
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard position < end else { throw malformed("it is cut off at byte \(place)") }
      let byte = try nextByte()
      value |= UInt64(byte & 127) << UInt64(shift)
      if byte < 128 { return value }
    }
    throw malformed("byte \(place) begins a number without end")
  }

  /// The length in front of a field's contents.
  mutating func length(before end: Int) throws(ONNXFormatError) -> Int {
    let place = position
    let length = try varint(before: end)
    guard length <= UInt64(end - position) else {
      throw malformed("the field at byte \(place) has \(length) bytes, \(end - position) are left")
    }
    return Int(length)
  }

  /// The next `count` bytes, in an array of their own.
  ///
  /// - Precondition: so many are left; `length` has seen to it.
  mutating func bytes(_ count: Int) throws(ONNXFormatError) -> [UInt8] {
    var failure: ONNXFormatError?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(ONNXFormatError) {
        try fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
        initialized = count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return result
  }

  /// Copies a field whose tag has been read, as it is.
  mutating func copyField(_ tag: Tag, before end: Int, to output: inout [UInt8]) throws(ONNXFormatError) {
    output.appendVarint(tag.raw)
    switch tag.kind {
    case .varint: output.appendVarint(try varint(before: end))
    case .eightBytes, .fourBytes:
      let width = tag.kind == .fourBytes ? 4 : 8
      guard width <= end - position else { throw malformed("it is cut off at byte \(position)") }
      output.append(contentsOf: try bytes(width))
    case .lengthDelimited:
      let length = try length(before: end)
      output.appendVarint(UInt64(length))
      output.append(contentsOf: try bytes(length))
    }
  }

  private func malformed(_ reason: String) -> ONNXFormatError {
    .malformed(name: name, byteCount: source.count, reason: reason)
  }

  private mutating func nextByte() throws(ONNXFormatError) -> UInt8 {
    if used == window.count { try refill() }
    used += 1
    return window[used - 1]
  }

  private mutating func refill() throws(ONNXFormatError) {
    let length = min(4096, source.count - windowEnd)
    window = [UInt8](repeating: 0, count: length)
    used = 0
    windowEnd += length
    var failure: ONNXFormatError?
    window.withUnsafeMutableBytes { buffer in
      do throws(ONNXFormatError) { try source.read(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// From what was read ahead, and the rest straight from the source.
  private mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(ONNXFormatError) {
    let ahead = min(buffer.count, window.count - used)
    window.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[used..<used + ahead]))
    }
    used += ahead
    guard ahead < buffer.count else { return }
    windowEnd += buffer.count - ahead
    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[ahead...]))
  }
}

extension [UInt8] {
  /// Appends a length-delimited field.
  mutating func appendField(_ number: Int, _ contents: [UInt8]) {
    appendVarint(UInt64(number) << 3 | 2)
    appendVarint(UInt64(contents.count))
    append(contentsOf: contents)
  }

  mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest > 127 {
      append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
