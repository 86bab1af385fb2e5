/// A float32 .npy file in C order.
public struct NPY {
  /// The bytes are something else.
  public struct OtherContents: Error {}

  public let shape: [Int]
  public let values: [Float]

  public init(_ data: [UInt8]) throws {
    guard data.count > 10 else { throw OtherContents() }
    let start = 10 + Int(data[8]) + Int(data[9]) << 8
    let header = String(decoding: data[10..<min(start, data.count)], as: UTF8.self)
    guard header.contains("<f4"), header.contains("'fortran_order': False"), data.count >= start,
      let tuple = header.split(separator: "(").last?.split(separator: ")").first
    else { throw OtherContents() }
    shape = tuple.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) }
    values = data[start...].withUnsafeBytes { raw in
      (0..<(raw.count / 4)).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }
  }
}
