// Why a file could not be read as ONNX.
public import Quantities

/// A file that is not a readable ONNX model.
public enum ONNXFormatError: ReportableError, Equatable {
  /// The bytes are not a complete protobuf message of the ONNX schema.
  case malformed(name: String, byteCount: Int, reason: String)
  /// The file's bytes could not be had.
  case unreadable(name: String, reason: String)
  case noGraph(name: String)
  case unknownElementType(tensor: String, code: Int)
  /// The tensor's payload has another length than its shape says.
  case tensorSize(tensor: String, shape: [Int], expectedBytes: Int, foundBytes: Int)
  case externalData(tensor: String)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .malformed(let name, let byteCount, let reason):
      "onnx: \(name) (\(byteCount) bytes) is not a complete ONNX file (\(reason)). "
        + "It may be truncated: copy or export it again."
    case .unreadable(let name, let reason): "onnx: \(name) cannot be read: \(reason)"
    case .noGraph(let name):
      "onnx: \(name) holds no graph. It may be truncated or not an ONNX file: export it again."
    case .unknownElementType(let tensor, let code):
      "onnx: tensor \(tensor) has element type \(code), which this reader does not know. "
        + "Export the network in float32."
    case .tensorSize(let tensor, let shape, let expected, let found):
      "onnx: tensor \(tensor) of shape \(shape) needs \(expected) bytes, the file holds \(found). "
        + "The file is damaged: export it again."
    case .externalData(let tensor):
      "onnx: tensor \(tensor) keeps its data in another file. Export with external data off, one .onnx file."
    }
  }
}
