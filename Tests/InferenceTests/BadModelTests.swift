// What is said about a network that cannot run.
import Inference
import ONNXFormat
import Quantities
import TestSupport
import Testing

@Suite struct BadModelTests {
  /// image (1, 3, 8, 8) -> Conv 3x3 -> out.
  private func convolution(weight: Float = 0.5, operatorName: String = "Conv") -> [UInt8] {
    var builder = ONNXBuilder()
    builder.input("image", [1, 3, nil, nil])
    var values = [Float](repeating: 0.5, count: 4 * 3 * 9)
    values[17] = weight
    builder.weights("stem.weight", values, [4, 3, 3, 3])
    builder.node(
      operatorName, ["image", "stem.weight"], ["out"], name: "stem", ints: ["pads": [1, 1, 1, 1]])
    builder.output("out", [1, 4, nil, nil])
    return builder.file
  }

  private func failure(_ body: () throws -> Void) -> InferenceError? {
    do {
      try body()
      return nil
    } catch {
      return error as? InferenceError
    }
  }

  @Test func `a sound network loads and runs`() throws {
    let model = try Model(onnx: convolution(), name: "tiny.onnx")
    let session = try model.session(inputSizes: ["image": [1, 3, 8, 8]], executor: SerialExecutor())
    try session.input("image").update(repeating: 1)
    session.run()
    let output = try session.output("out")
    #expect(output.count == 4 * 64)
    #expect(output[9] == 13.5)
  }

  @Test(arguments: [1, 10, 100, 300])
  func `a truncated file is refused with its name and length`(missing: Int) throws {
    let bytes = Array(convolution().dropLast(missing))
    let error = try #require(failure { _ = try Model(onnx: bytes, name: "cut.onnx") })
    #expect(error.description.contains("cut.onnx"))
    #expect(error.description.contains("export it again"))
  }

  /// Lengths and tags are read before protobuf's decoder sees the file, to find the weights.
  @Test func `a file that is cut or changed anywhere loads, or is refused`() throws {
    let whole = convolution()
    let cut = whole.indices.map { Array(whole[..<$0]) }
    let changed = whole.indices.flatMap { place in
      [UInt8(0x01), 0x80, 0xff].map { bit in
        var bytes = whole
        bytes[place] ^= bit
        return bytes
      }
    }
    var refused = 0
    for bytes in cut + changed {
      do throws(InferenceError) { _ = try Model(onnx: bytes, name: "damaged.onnx") } catch { refused += 1 }
    }
    #expect(refused >= cut.count)
  }

  @Test func `an unknown operator is named with its node`() throws {
    let bytes = convolution(operatorName: "GridSample")
    let error = try #require(failure { _ = try Model(onnx: bytes, name: "tiny.onnx") })
    #expect(error == .unknownOperator(model: "tiny.onnx", node: "stem", operatorName: "GridSample"))
    #expect(error.description.contains("docs/operators.md"))
  }

  @Test(arguments: [Float.nan, .infinity])
  func `a weight that is not a number is named with its tensor and place`(value: Float) throws {
    let error = try #require(failure { _ = try Model(onnx: convolution(weight: value), name: "tiny.onnx") })
    guard case .nonFiniteWeights("tiny.onnx", "stem.weight", 17, _) = error else {
      Issue.record("found \(error)")
      return
    }
    #expect(error.description.contains("stem.weight"))
  }

  @Test(arguments: [[1, 4, 8, 8], [1, 3, 8], [2, 3, 8, 8], [1, 3, 0, 8]])
  func `a wrong input shape names the input and both shapes`(shape: [Int]) throws {
    let model = try Model(onnx: convolution(), name: "tiny.onnx")
    let error = try #require(
      failure { _ = try model.session(inputSizes: ["image": shape], executor: SerialExecutor()) })
    guard case .inputShape("tiny.onnx", "image", "[1, 3, any, any]", shape) = error else {
      Issue.record("found \(error)")
      return
    }
  }

  @Test func `a free size that nobody chose is asked for`() throws {
    let model = try Model(onnx: convolution(), name: "tiny.onnx")
    let error = try #require(failure { _ = try model.session(executor: SerialExecutor()) })
    #expect(
      error == .inputSizeMissing(model: "tiny.onnx", input: "image", declared: "[1, 3, any, any]"))
  }

  @Test func `a tensor that nothing defines is named`() throws {
    var builder = ONNXBuilder()
    builder.input("image", [1, 3, 8, 8])
    builder.node("Relu", ["ghost"], ["out"], name: "act")
    builder.output("out", [1, 3, 8, 8])
    let bytes = builder.file
    let error = try #require(failure { _ = try Model(onnx: bytes, name: "tiny.onnx") })
    #expect(error == .undefinedTensor(model: "tiny.onnx", node: "act", tensor: "ghost"))
  }

  @Test func `an unknown tensor name lists the known ones`() throws {
    let model = try Model(onnx: convolution(), name: "tiny.onnx")
    let session = try model.session(inputSizes: ["image": [1, 3, 8, 8]], executor: SerialExecutor())
    let error = try #require(failure { _ = try session.output("depth") })
    #expect(error == .unknownTensor(model: "tiny.onnx", name: "depth", known: ["image", "out"]))
  }
}
