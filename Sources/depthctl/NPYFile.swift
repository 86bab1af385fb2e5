// NumPy's .npy files: a magic word, a Python dictionary as text, then the elements.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import Foundation
import Inference
import Quantities

/// A file that is not a usable .npy.
enum NPYError: ReportableError {
  case unreadable(path: String, reason: String)
  case notNPY(path: String)
  case unsupported(path: String, found: String)
  case truncated(path: String, expectedBytes: Int, foundBytes: Int)

  var severity: ErrorSeverity { .stop }

  var description: String {
    switch self {
    case .unreadable(let path, let reason): "npy: cannot open \(path): \(reason). Check the path."
    case .notNPY(let path): "npy: \(path) does not start like a .npy file. Write it with numpy.save."
    case .unsupported(let path, let found):
      "npy: \(path) holds \(found); supported are C-order float32, int64, int32, uint8 and bool. "
        + "Convert it with numpy.ascontiguousarray(a, dtype=numpy.float32)."
    case .truncated(let path, let expected, let found):
      "npy: \(path) holds \(found) bytes of elements, its header announces \(expected). Write it again."
    }
  }
}

enum NPYFile {
  private static let types: [(String, ElementType)] = [
    ("<f4", .float32), ("<f8", .float64), ("<i8", .int64), ("<i4", .int32), ("|i1", .int8), ("|u1", .uint8),
    ("|b1", .bool),
  ]

  static func read(_ path: String) throws(NPYError) -> Tensor {
    let data: [UInt8]
    do {
      data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
    guard data.count > 10, data.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) else {
      throw .notNPY(path: path)
    }
    let isShort = data[6] == 1
    let start = isShort ? 10 : 12
    guard data.count >= start else { throw .notNPY(path: path) }
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(data[$1]) }
    guard data.count >= start + length else { throw .notNPY(path: path) }
    let header = String(decoding: data[start..<(start + length)], as: UTF8.self)
    guard let type = types.first(where: { header.contains("'\($0.0)'") })?.1,
      header.contains("'fortran_order': False"), let shape = shape(header)
    else { throw .unsupported(path: path, found: header.trimmingCharacters(in: .whitespacesAndNewlines)) }
    let bytes = Array(data[(start + length)...])
    let expected = shape.reduce(1, *) * type.byteCount
    guard bytes.count == expected else {
      throw .truncated(path: path, expectedBytes: expected, foundBytes: bytes.count)
    }
    return Tensor(type: type, shape: shape, bytes: bytes)
  }

  private static func shape(_ header: String) -> [Int]? {
    guard
      let tuple = header.components(separatedBy: "'shape': (").dropFirst().first?
        .components(separatedBy: ")").first
    else { return nil }
    let numbers = tuple.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
      !$0.isEmpty
    }
    let lengths = numbers.compactMap(Int.init)
    return lengths.count == numbers.count ? lengths : nil
  }

  static func write(_ tensor: Tensor, to path: String) throws(NPYError) {
    guard let code = types.first(where: { $0.1 == tensor.type })?.0 else {
      throw .unsupported(path: path, found: tensor.type.rawValue)
    }
    let lengths = tensor.shape.map(String.init).joined(separator: ", ")
    let tuple = tensor.shape.count == 1 ? "(\(lengths),)" : "(\(lengths))"
    var header = "{'descr': '\(code)', 'fortran_order': False, 'shape': \(tuple), }"
    let padding = 64 - (10 + header.utf8.count + 1) % 64
    header += String(repeating: " ", count: padding % 64) + "\n"
    let length = header.utf8.count
    var data = Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(length & 255), UInt8(length >> 8)])
    data.append(contentsOf: header.utf8)
    data.append(contentsOf: tensor.bytes)
    do {
      try data.write(to: URL(fileURLWithPath: path))
    } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
  }
}
