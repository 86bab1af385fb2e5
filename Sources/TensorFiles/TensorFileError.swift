public import Quantities

/// Why a safetensors file, or one tensor of it, cannot be used.
public enum TensorFileError: ReportableError, Equatable {
  /// The bytes end before the header or its tensors do, or go on after them.
  case length(file: String, reason: String)
  /// The header is no JSON, or not of the form the format prescribes.
  case badHeader(file: String, reason: String)
  /// The header places a tensor where it cannot be.
  case badTensor(file: String, tensor: String, reason: String)
  case missingMetadata(file: String, key: String)
  case badMetadata(file: String, key: String, found: String, expected: String)
  /// The file holds other tensors than its reader knows.
  case otherTensors(file: String, missing: [String], unknown: [String])
  case wrongTensor(file: String, tensor: String, found: String, expected: String)
  case notFinite(file: String, tensor: String, index: Int, value: Float)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .length(let file, let reason): "\(file): \(reason). Copy the file again, or export it anew."
    case .badHeader(let file, let reason):
      "\(file): not a safetensors file: \(reason). Export it anew, or name the right file."
    case .badTensor(let file, let tensor, let reason):
      "\(file): tensor \(tensor) \(reason): the file is damaged. Copy it again, or export it anew."
    case .missingMetadata(let file, let key):
      "\(file): its metadata lack \(key); docs/bundle.md lists them. Export the file anew."
    case .badMetadata(let file, let key, let found, let expected):
      "\(file): its metadata say \(key) = \"\(found)\"; expected \(expected). Export the file anew."
    case .otherTensors(let file, let missing, let unknown):
      "\(file): \(Self.difference(missing, unknown)). docs/bundle.md lists the tensors; export the file anew."
    case .wrongTensor(let file, let tensor, let found, let expected):
      "\(file): tensor \(tensor) is \(found); expected \(expected). Export the file anew."
    case .notFinite(let file, let tensor, let index, let value):
      "\(file): tensor \(tensor) holds \(value) at element \(index). Training diverged or the file is damaged: "
        + "use an earlier checkpoint."
    }
  }

  private static func difference(_ missing: [String], _ unknown: [String]) -> String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("lacks the tensors \(missing.joined(separator: ", "))") }
    if !unknown.isEmpty { parts.append("holds unknown tensors \(unknown.joined(separator: ", "))") }
    return parts.joined(separator: " and ")
  }
}
