import Foundation
public import PriorFusion
import TensorFiles

/// Where a bank comes from and what it is for: the metadata of `priors.safetensors` that readers need.
public struct PriorBankMetadata: Equatable, Sendable {
  /// How disparities are to be read: they must be those of the model.
  struct Convention: Equatable {
    var minimumDepth: Double
    var maximumDepth: Double
    var canonicalFxPixels: Double

    var description: String { "\(minimumDepth) to \(maximumDepth) m at fx \(canonicalFxPixels)" }
  }

  public let architecture: String
  /// SHA-256 of the `encoder.onnx` that it was made for.
  public let encoderHash: String
  public let teacher: String
  public let teacherHash: String
  /// Names of the drives that its references come from.
  public let drives: [String]
  /// The rule that chose the references.
  public let selection: String
  /// Nearest and farthest depth that disparities stand for, network's unit.
  public var minimumDepth: Double { convention.minimumDepth }
  public var maximumDepth: Double { convention.maximumDepth }
  let convention: Convention
  /// How the bank answers frames of its domain; nil when nobody measured.
  public let domain: RetrievalDomain?

  init(_ header: TensorHeader, references: Int) throws(TensorFileError) {
    try header.text("width", oneOf: [String(PriorBank.width)])
    try header.text("heads", oneOf: [String(PriorBank.headCount)])
    try header.text("references", oneOf: [String(references)])
    architecture = try header.text("architecture")
    encoderHash = try Self.hash("encoder_sha256", header)
    teacher = try header.text("teacher")
    teacherHash = try Self.hash("teacher_sha256", header)
    selection = try header.text("selection")
    let list = try header.text("drives")
    guard let drives = try? JSONDecoder().decode([String].self, from: Data(list.utf8)), !drives.isEmpty else {
      throw .badMetadata(
        file: header.name, key: "drives", found: list, expected: "a JSON list of the drives' names")
    }
    self.drives = drives
    convention = Convention(
      minimumDepth: try header.positiveNumber("min_depth_m"),
      maximumDepth: try header.positiveNumber("max_depth_m"),
      canonicalFxPixels: try header.positiveNumber("canonical_fx_px"))
    domain = try header.metadata[RetrievalDomain.metadataKey].map { (text) throws(TensorFileError) in
      guard let domain = RetrievalDomain(json: text) else {
        throw .badMetadata(
          file: header.name, key: RetrievalDomain.metadataKey, found: text,
          expected: "the object that docs/bundle.md describes")
      }
      return domain
    }
  }

  /// Refuses another format before anything else is looked at, so that a foreign tensor file is called one, instead of
  /// a bank that lacks tensors.
  static func checkFormat(_ header: TensorHeader) throws(TensorFileError) {
    try header.text("format", oneOf: [PriorBankFormat.format])
    try header.text("version", oneOf: [PriorBankFormat.version])
  }

  private static func hash(_ key: String, _ header: TensorHeader) throws(TensorFileError) -> String {
    let text = try header.text(key).lowercased()
    guard text.utf8.count == 64, text.allSatisfy(\.isHexDigit) else {
      throw .badMetadata(file: header.name, key: key, found: text, expected: "64 hexadecimal digits")
    }
    return text
  }
}
