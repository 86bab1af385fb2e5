// Files that cannot be a completion network say why.
import Completion
import TensorFiles
import TestSupport
import Testing

@Suite struct CompletionWeightsTests {
  private func failure(_ change: (inout SafetensorsBuilder) -> Void) -> TensorFileError? {
    var builder = CompletionFixture().builder
    change(&builder)
    do throws(TensorFileError) {
      _ = try CompletionWeights(TensorFile(builder.file, name: "san"), architecture: "rpr-lite")
      return nil
    } catch { return error }
  }

  @Test func `a sound file says what it is`() throws {
    let weights = try CompletionFixture().weights()
    #expect(weights.fewestPoints == 50 && weights.cellPixels == 4)
    #expect(weights.levels.map(\.target) == ["skip_2", "skip_4b", "skip_8b", "f_o", "f_o"])
    #expect(weights.levels.map(\.targetStride) == [2, 4, 8, 16, 16])
    #expect(failure { _ in } == nil)
  }

  @Test(arguments: [
    ("format_version", "2"), ("architecture", "diffnet"), ("strides", "2,4,8,16,64"),
    ("kernels", "5,5,3,3,4"),
    ("kernels", "5,5,3"), ("widths", "16,16,24,32,0"), ("widths", "sixteen,16,24,32,48"),
    ("enlarge", "1,1,1,1,3"),
    ("min_depth", "0"), ("min_depth", "90"), ("max_depth", "inf"), ("min_points", "none"), ("cell_px", "3"),
    ("targets", "skip_2"), ("anchor_strides", "33,16,16,8,8,4,2,1"),
    ("anchor_edges", "0.1,0.1"), ("anchor_edges", "0,1,1,1,1,1,1,1"), ("anchor_inertia", "none"),
    ("anchor_slope_noise", "0"),
  ])
  func `a metadata entry that cannot be is named`(key: String, value: String) {
    let error = failure { $0.metadata[key] = value }
    guard case .badMetadata("san", key, _, _)? = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test(arguments: [
    "format_version", "architecture", "strides", "kernels", "widths", "targets", "enlarge", "min_depth",
    "max_depth", "min_points", "cell_px", "anchor_strides", "anchor_edges", "anchor_inertia",
    "anchor_slope_noise",
  ])
  func `a missing metadata entry is named`(key: String) {
    #expect(failure { $0.metadata[key] = nil } == .missingMetadata(file: "san", key: key))
  }

  @Test func `missing, unknown and misshapen tensors are named`() {
    #expect(
      failure { $0.remove("level_8.middle.bias") }
        == .otherTensors(file: "san", missing: ["level_8.middle.bias"], unknown: []))
    #expect(
      failure { $0.add("extra", [1], [1]) } == .otherTensors(file: "san", missing: [], unknown: ["extra"]))
    let other = failure { $0.metadata["widths"] = "16,16,24,32,40" }
    guard case .wrongTensor("san", "level_32.first.weight", _, _)? = other else {
      Issue.record("found \(String(describing: other))")
      return
    }
    let halves = failure {
      $0.remove("weight")
      $0.add("weight", [1, 1], [2])
    }
    #expect(
      halves == .wrongTensor(file: "san", tensor: "weight", found: "F32 (2)", expected: "F32 (5) or F16 (5)"))
  }

  @Test func `a value that is not finite is found`() {
    let error = failure {
      $0.remove("bias")
      $0.add("bias", [0, 0, .infinity, 0, 0], [5])
    }
    #expect(error == .notFinite(file: "san", tensor: "bias", index: 2, value: .infinity))
  }
}
