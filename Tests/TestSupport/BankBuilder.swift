// Writes small prior banks for tests, by hand, so that tests do not use the reader they test.

/// A prior bank of random references under construction (docs/bundle.md); change what a test is about.
public struct BankBuilder {
  public var metadata: [String: String]
  /// Tensors in the file's order; `F16` values are converted when the file is made.
  public var tensors: [(name: String, type: String, shape: [Int], values: [Float])]

  /// - Parameters:
  ///   - encoderHash: 64 hexadecimal digits.
  ///   - compressGain: of the values of `compress.weight`; 0 = fusion changes nothing.
  public init(
    count: Int, channels: Int = 64, encoderHash: String, architecture: String = "rpr-lite",
    isHalf: Bool = true, compressGain: Float = 0.02, seed: UInt64 = 1,
    convention: (near: String, far: String, fx: String) = ("0.1", "100", "241.7")
  ) {
    var random = SeededGenerator(seed: seed)
    func values(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
      (0..<count).map { _ in Float.random(in: range, using: &random) }
    }
    metadata = [
      "format": "depthd-priors", "version": "1", "architecture": architecture,
      "encoder_sha256": encoderHash, "teacher": "test",
      "teacher_sha256": String(repeating: "0", count: 64),
      "drives": "[\\\"street\\\"]", "references": "\(count)", "width": "64", "heads": "4",
      "selection": "none",
      "min_depth_m": convention.near, "max_depth_m": convention.far, "canonical_fx_px": convention.fx,
    ]
    let rows = ["key_pixel", "value_pixel", "key_heads", "value_heads"]
    tensors = rows.map { ($0, isHalf ? "F16" : "F32", [count, 64], values(count * 64, -1...1)) }
    tensors += [
      ("disparity", "F32", [count], values(count, 0.002...0.5)),
      ("trust", "F32", [count], values(count, 0...1)),
      ("drive", "I32", [count], [Float](repeating: 0, count: count)),
      ("frame", "I32", [count], (0..<count).map { Float($0 / 100) }),
      ("cell", "I32", [count], (0..<count).map { Float($0 % 100) }),
    ]
    for query in ["query_pixel", "query_heads"] {
      tensors.append(("\(query).weight", "F32", [64, channels], values(64 * channels, -0.2...0.2)))
      tensors.append(("\(query).bias", "F32", [64], values(64, -0.2...0.2)))
    }
    tensors += [
      ("heads_output.weight", "F32", [64, 64], values(64 * 64, -0.2...0.2)),
      ("heads_output.bias", "F32", [64], values(64, -0.2...0.2)),
      (
        "compress.weight", "F32", [channels, 129],
        values(channels * 129, -1...1).map { $0 * compressGain }
      ),
    ]
    tensors += rows.map { ("reference_\($0).weight", "F32", [64, channels], values(64 * channels, -1...1)) }
  }

  /// Changes the values of one tensor.
  public mutating func change(_ name: String, _ change: (inout [Float]) -> Void) {
    for index in tensors.indices where tensors[index].name == name { change(&tensors[index].values) }
  }

  public var file: [UInt8] {
    var builder = SafetensorsBuilder(metadata: metadata)
    for tensor in tensors {
      switch tensor.type {
      case "F16":
        let bits = tensor.values.map { Float16($0).bitPattern }
        builder.add(raw: bits.withUnsafeBytes { [UInt8]($0) }, tensor.name, type: "F16", tensor.shape)
      case "I32":
        let numbers = tensor.values.map { Int32($0) }
        builder.add(raw: numbers.withUnsafeBytes { [UInt8]($0) }, tensor.name, type: "I32", tensor.shape)
      default: builder.add(tensor.name, tensor.values, tensor.shape)
      }
    }
    return builder.file
  }
}
