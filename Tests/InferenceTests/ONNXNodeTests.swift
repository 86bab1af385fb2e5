// The ONNX project's own tests, one folder per test, written by scripts/onnx-node-tests.
import Foundation
import Inference
import ONNXFormat
import Quantities
import Testing

@Suite struct ONNXNodeTests {
  /// docs/operators.md is the table of operators and of the variants that are refused.
  private static let tables =
    (try? String(contentsOf: PackageRoot.url("docs/operators.md"), encoding: .utf8)) ?? ""

  private static func firstColumn(after heading: String, before end: String? = nil) -> [String] {
    var section = tables.components(separatedBy: heading).dropFirst().joined()
    if let end { section = section.components(separatedBy: end)[0] }
    return section.split(separator: "\n").compactMap { line in
      line.hasPrefix("| `") ? line.split(separator: "`").dropFirst().first.map(String.init) : nil
    }
  }

  static let refused = Set(firstColumn(after: "## Variants that are refused"))

  static let folders: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: NodeTest.root.path)
    return (names ?? []).filter { $0.hasPrefix("test_") }.sorted()
  }()

  @Test func `the node tests are there`() {
    #expect(
      Self.folders.count > 400,
      "No ONNX node tests in .cache/onnx-node-tests. Run scripts/onnx-node-tests once, then test again.")
  }

  @Test func `the table of operators is the catalogue`() {
    let listed = Self.firstColumn(after: "# ONNX operators", before: "## Variants")
    #expect(Set(listed) == Set(OperatorCatalog.definitions.keys))
  }

  @Test(arguments: folders)
  func `an accepted node test gives ONNX's own answer, plain and optimised`(folder: String) throws {
    let test = try NodeTest(folder)
    if Self.refused.contains(folder) {
      #expect(throws: InferenceError.self) { try test.run(isOptimized: true) }
    } else {
      try test.run(isOptimized: false)
      try test.run(isOptimized: true)
      try test.run(isOptimized: true, withWeights: true)
    }
  }
}

/// One folder of the ONNX project's node tests.
struct NodeTest {
  static let root = PackageRoot.url(".cache/onnx-node-tests")
  let name: String
  let inputs: [Int: Tensor]
  let outputs: [Int: Tensor]
  let relativeTolerance: Float
  let absoluteTolerance: Float

  init(_ name: String) throws {
    self.name = name
    let folder = Self.root.appendingPathComponent(name)
    inputs = try Self.tensors(folder, "input")
    outputs = try Self.tensors(folder, "output")
    let tolerances = try String(contentsOf: folder.appendingPathComponent("tolerance.txt"), encoding: .utf8)
      .split(whereSeparator: \.isWhitespace).compactMap { Float($0) }
    relativeTolerance = tolerances.first ?? 1e-3
    absoluteTolerance = tolerances.last ?? 1e-7
  }

  private static func tensors(_ folder: URL, _ kind: String) throws -> [Int: Tensor] {
    let data = folder.appendingPathComponent("test_data_set_0")
    var result: [Int: Tensor] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: data.path) where file.hasPrefix(kind) {
      let index = try #require(Int(file.dropFirst(kind.count + 1).dropLast(3)))
      let bytes = [UInt8](try Data(contentsOf: data.appendingPathComponent(file)))
      let tensor = try ONNXTensor(serialized: bytes, name: file)
      let type = try #require(ElementType(tensor.type))
      result[index] = Tensor(type: type, shape: tensor.shape, bytes: tensor.bytes)
    }
    return result
  }

  /// - Parameter withWeights: inputs after the first are constants of the plan, as weights are; that is what
  ///   the fast kernels need.
  func run(isOptimized: Bool, withWeights: Bool = false) throws {
    let file = Self.root.appendingPathComponent(name).appendingPathComponent("model.onnx")
    let model = try Model(onnx: [UInt8](Data(contentsOf: file)), name: name)
    var feeding: [String: Tensor] = [:]
    for (index, declaration) in model.inputs.enumerated() { feeding[declaration.name] = inputs[index] }
    let session = try session(model, feeding: feeding, isOptimized: isOptimized, withWeights: withWeights)
    session.run()
    for (index, declaration) in model.outputs.enumerated() {
      guard let expected = outputs[index] else { continue }
      compare(try session.copy(of: declaration.name), with: expected)
    }
  }

  /// Small vectors that an operator needs while planning (scales, bounds, statistics) are floats in some tests:
  /// those are fed as constants when planning says it must know them.
  private func session(
    _ model: Model, feeding: [String: Tensor], isOptimized: Bool, withWeights: Bool
  ) throws -> Session {
    do {
      if withWeights { throw InferenceError.notConstant(node: "", operatorName: "", input: "") }
      return try model.session(feeding: feeding, executor: SerialExecutor(), isOptimized: isOptimized)
    } catch {
      guard case .notConstant = error as? InferenceError else { throw error }
      var options = [Set(model.inputs.dropFirst().map(\.name)), Set(model.inputs.map(\.name))]
      while true {
        do {
          return try model.session(
            feeding: feeding, knownInPlan: options.removeFirst(), executor: SerialExecutor(),
            isOptimized: isOptimized)
        } catch {
          guard case .notConstant = error, !options.isEmpty else { throw error }
        }
      }
    }
  }

  private func compare(_ found: Tensor, with expected: Tensor) {
    #expect(found.shape == expected.shape)
    #expect(found.type == expected.type)
    guard found.type == .float32, found.shape == expected.shape else {
      #expect(found.bytes == expected.bytes)
      return
    }
    for (a, b) in zip(found.floats, expected.floats) where !(a.isNaN && b.isNaN) && a != b {
      let isClose = abs(a - b) <= absoluteTolerance + relativeTolerance * abs(b)
      #expect(isClose, "found \(a), expected \(b)")
      if !isClose { return }
    }
  }
}

/// Files of the package, wherever it was checked out.
enum PackageRoot {
  static func url(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(path)
  }
}
