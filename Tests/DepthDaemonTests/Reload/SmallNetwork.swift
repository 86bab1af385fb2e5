import Foundation
import ModelBundle
import TestSupport

/// A depth network that calls brightness disparity.
enum SmallNetwork {
  /// The ONNX file; `gain` makes each another one.
  static func file(gain: Float = 0.2) -> [UInt8] {
    var graph = ONNXBuilder()
    graph.input("image", [1, 3, 32, 64])
    graph.weights("gain", [gain, gain, gain], [1, 3, 1, 1])
    graph.node("Conv", ["image", "gain"], ["disparity"], name: "brightness")
    graph.output("disparity", [1, 1, 32, 64])
    return graph.file
  }

  static func model() throws -> DepthModel {
    let folder = try TemporaryFolder()
    let path = folder.file("small.onnx")
    try Data(file()).write(to: URL(fileURLWithPath: path))
    return try DepthModel.load(path: path)
  }
}
