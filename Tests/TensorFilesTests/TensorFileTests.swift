// Tensor files that are sound, and those that lie.
import TensorFiles
import TestSupport
import Testing

@Suite struct TensorFileTests {
  private func sound() -> SafetensorsBuilder {
    var builder = SafetensorsBuilder(metadata: ["kind": "test", "sizes": "1,2", "limit": "0.5"])
    builder.add("a", [1, -2, 3.5, 4, 5, 6], [2, 3])
    builder.add("b", [], [0])
    return builder
  }

  private func failure(_ bytes: [UInt8]) -> TensorFileError? {
    do throws(TensorFileError) {
      _ = try TensorFile(bytes, name: "x.safetensors")
      return nil
    } catch { return error }
  }

  private func failure(_ action: () throws(TensorFileError) -> Void) -> TensorFileError? {
    do throws(TensorFileError) {
      try action()
      return nil
    } catch { return error }
  }

  @Test func `a sound file gives back its tensors and metadata`() throws {
    let file = try TensorFile(sound().file, name: "x")
    #expect(try file.floats("a", shape: [2, 3]) == [1, -2, 3.5, 4, 5, 6])
    #expect(try file.floats("b", shape: [0]).isEmpty)
    #expect(try file.text("kind") == "test")
    #expect(try file.wholeNumbers("sizes", count: 2, in: 1...4) == [1, 2])
    #expect(try file.positiveNumber("limit") == 0.5)
    try file.requireTensors(["a", "b"])
  }

  @Test func `half precision is read as float`() throws {
    var builder = SafetensorsBuilder(metadata: [:])
    builder.add(raw: [0x00, 0x3C, 0x00, 0xC0], "h", type: "F16", [2])
    #expect(try TensorFile(builder.file, name: "x").floats("h", shape: [2]) == [1, -2])
  }

  @Test func `every truncation is refused`() {
    let bytes = sound().file
    for count in 0..<bytes.count {
      #expect(
        failure(Array(bytes[..<count])) != nil, "\(count) of \(bytes.count) bytes were taken for a file")
    }
    #expect(failure(bytes + [0]) != nil)
  }

  /// Descriptions of a tensor that is followed by 8 bytes.
  private static func header(_ shape: String, _ offsets: String, type: String = "F32") -> String {
    "{\"a\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
  }

  @Test(arguments: [
    "[]", "{\"a\":1}", "not json", header("[1]", "[0,8]"), header("[1]", "[0,8]", type: "F64"),
    header("[-1]", "[0,8]"), header("[2]", "[8,0]"), header("[1]", "[0,4]"), header("[1]", "[4,8]"),
    header("[9007199254740991,9007199254740991]", "[0,8]"), header("[0.5]", "[0,2]"), header("2", "[0,8]"),
    "{\"__metadata__\":{\"k\":1}," + header("[2]", "[0,8]").dropFirst(),
  ])
  func `a header that lies is refused`(header: String) {
    #expect(failure(SafetensorsBuilder.file(header: header, data: [UInt8](repeating: 0, count: 8))) != nil)
  }

  @Test func `a header of two exabytes is no header`() {
    #expect(failure([UInt8](repeating: 0xFF, count: 64)) != nil)
  }

  @Test func `what is wrong with a tensor is said`() throws {
    var builder = sound()
    builder.add("n", [0, .nan], [2])
    let file = try TensorFile(builder.file, name: "x")
    let notFinite = failure { () throws(TensorFileError) in _ = try file.floats("n", shape: [2]) }
    guard case .notFinite("x", "n", 1, _)? = notFinite else {
      Issue.record("found \(String(describing: notFinite))")
      return
    }
    #expect(
      failure { () throws(TensorFileError) in _ = try file.floats("a", shape: [3, 2]) }
        == .wrongTensor(file: "x", tensor: "a", found: "F32 (2, 3)", expected: "F32 (3, 2) or F16 (3, 2)"))
    #expect(
      failure { () throws(TensorFileError) in try file.requireTensors(["a", "b", "c"]) }
        == .otherTensors(file: "x", missing: ["c"], unknown: ["n"]))
    #expect(
      failure { () throws(TensorFileError) in _ = try file.text("kind", oneOf: ["other"]) }
        == .badMetadata(file: "x", key: "kind", found: "test", expected: "other"))
  }
}
