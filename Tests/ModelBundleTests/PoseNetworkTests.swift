// The pose network of a bundle: what it computes, what its numbers mean, and bundles that lie about it.
import Foundation
import Geometry
import Inference
import ModelBundle
import Quantities
import TestSupport
import Testing

@Suite struct PoseNetworkTests {
  private static let vectors: URL = {
    if let path = ProcessInfo.processInfo.environment["DEPTHD_VECTORS"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent(".vectors")
  }()

  private var description: [String: Any] {
    [
      "input_divisor": 2, "transform": "later_from_earlier", "distance_m": [0.1, 1.4], "rotation_deg": 9.0,
      "log_norm_sigma": 0.15, "log_norm_bias_sigma": 0.08, "provenance": [String: Any](),
      "measured": [String: Any](),
    ]
  }

  /// A bundle with a pose network of two convolutions.
  private func bundle(changing change: (inout [String: Any]) -> Void = { _ in }) throws -> TinyBundle {
    let bundle = try TinyBundle()
    try bundle.write("pose.onnx", Self.smallGraph(outputs: ["axis_angle", "translation_m"]))
    var pose = description
    change(&pose)
    try bundle.describe { $0["pose"] = pose }
    return bundle
  }

  /// The pose network of a bundle, which stays where it is until it was read.
  private func pose(of bundle: TinyBundle) throws -> PoseModel? {
    try withExtendedLifetime(bundle) { try DepthModel.load(path: bundle.path).pose }
  }

  /// Channel means through two 1x1 convolutions: rotation sees the earlier frame, translation the later one.
  private static func smallGraph(outputs: [String]) -> [UInt8] {
    var graph = ONNXBuilder()
    graph.input("pair", [1, 6, nil, nil])
    graph.node("GlobalAveragePool", ["pair"], ["mean"], name: "pool")
    for (index, output) in outputs.enumerated() {
      var weights = [Float](repeating: 0, count: 18)
      for row in 0..<3 { weights[row * 6 + row + (index == 0 ? 0 : 3)] = 0.5 }
      graph.weights("w\(index)", weights, [3, 6, 1, 1])
      graph.node("Conv", ["mean", "w\(index)"], ["map\(index)"], name: "head\(index)")
      graph.node("Flatten", ["map\(index)"], [output], name: "flat\(index)")
      graph.output(output, [1, 3])
    }
    return graph.file
  }

  @Test func `a bundle without a pose network has none`() throws {
    #expect(try pose(of: try TinyBundle()) == nil)
  }

  @Test func `a pose network that nothing is known of is left alone`() throws {
    let bundle = try TinyBundle()
    try bundle.write("pose.onnx", Self.smallGraph(outputs: ["axis_angle", "translation_m"]))
    try bundle.describe()
    #expect(try pose(of: bundle) == nil)
  }

  @Test func `a bundle says what its pose network was trained for`() throws {
    let pose = try #require(try pose(of: try bundle()))
    #expect(pose.distance == 0.1...1.4)
    #expect(abs(pose.rotationLimitRadians - 0.15708) < 1e-5)
    #expect(pose.logNormSigma == 0.15 && pose.logNormBiasSigma == 0.08)
    #expect(pose.size(forDepthSize: ImageSize(width: 416, height: 128)) == ImageSize(width: 208, height: 64))
    // A camera with twice the canonical focal length covers twice the distance ahead for the same pictures.
    #expect(pose.distanceMeters(fx: 600, canonicalFx: 300) == 0.2...2.8)
  }

  @Test func `the two frames do not change places`() throws {
    let pose = try #require(try pose(of: try bundle()))
    let network = try pose.network(
      forDepthSize: ImageSize(width: 64, height: 32), executor: SerialExecutor())
    #expect(network.size == ImageSize(width: 32, height: 16) && network.frameCount == 3 * 512)
    for index in 0..<network.frameCount {
      network.earlier[index] = Float(1 + index / 512)
      network.later[index] = Float(10 * (1 + index / 512))
    }
    let motion = network.run()
    #expect(motion == FrameMotion(axisAngle: SIMD3(0.5, 1, 1.5), translation: SIMD3(5, 10, 15)))
  }

  @Test(arguments: ["pose-small-dynamic-208x64", "pose-small-dynamic-128x96"])
  func `a trained network's answer is PyTorch's`(name: String) throws {
    let folder = Self.vectors.appendingPathComponent(name)
    let bundle = try TinyBundle()
    try bundle.write(
      "pose.onnx", [UInt8](try Data(contentsOf: folder.appendingPathComponent("model.onnx"))))
    try bundle.describe { $0["pose"] = description }
    let pose = try #require(try pose(of: bundle))
    let input = try floats(folder.appendingPathComponent("input.npy"))
    let sides = try #require(name.split(separator: "-").last)
    let size = try #require(ImageSize(sides))
    let network = try pose.network(
      forDepthSize: ImageSize(width: size.width * 2, height: size.height * 2), executor: SerialExecutor())
    _ = network.earlier.update(fromContentsOf: input.prefix(network.frameCount))
    _ = network.later.update(fromContentsOf: input.suffix(network.frameCount))
    let motion = network.run()
    let rotation = try floats(folder.appendingPathComponent("output.npy")).map(Double.init)
    let translation = try floats(folder.appendingPathComponent("output_1.npy")).map(Double.init)
    for index in 0..<3 {
      #expect(abs(motion.axisAngle[index] - rotation[index]) < 1e-4)
      #expect(abs(motion.translation[index] - translation[index]) < 1e-4)
    }
  }

  @Test func `a frame is reduced by averaging blocks`() {
    let size = ImageSize(width: 4, height: 2)
    let input = (0..<24).map(Float.init)
    var frame = [Float](repeating: -1, count: 6)
    input.withUnsafeBufferPointer { source in
      frame.withUnsafeMutableBufferPointer { target in
        PoseNetwork.reduce(source, size: size, by: 2, into: target)
      }
    }
    #expect(frame == [2.5, 4.5, 10.5, 12.5, 18.5, 20.5])
  }

  @Test(arguments: ["input_divisor", "transform", "distance_m", "rotation_deg", "log_norm_sigma"])
  func `a description that cannot be is refused with its key`(key: String) throws {
    let impossible: [String: Any] = [
      "input_divisor": 0, "transform": "earlier_from_later", "distance_m": [1.0, 0.5], "rotation_deg": -1.0,
      "log_norm_sigma": 0.0,
    ]
    let bundle = try bundle { $0[key] = impossible[key] }
    let error = try #require(bundle.failure())
    #expect(error.description.contains("pose.\(key)"))
  }

  @Test func `a description without its network is refused`() throws {
    let bundle = try TinyBundle()
    try bundle.describe { $0["pose"] = description }
    #expect(try #require(bundle.failure()).description.contains("pose.onnx"))
  }

  @Test func `a truncated pose network is refused even when its hash is right`() throws {
    let bundle = try bundle()
    try bundle.write(
      "pose.onnx", Array(Self.smallGraph(outputs: ["axis_angle", "translation_m"]).dropLast(40)))
    try bundle.describe { $0["pose"] = description }
    guard case .inference(let path, _)? = bundle.failure() else {
      Issue.record("found \(String(describing: bundle.failure()))")
      return
    }
    #expect(path.hasSuffix("pose.onnx"))
  }

  @Test func `another network under the name of a pose network is refused with what it makes`() throws {
    let bundle = try bundle()
    try bundle.write("pose.onnx", Self.smallGraph(outputs: ["quaternion", "translation_m"]))
    try bundle.describe { $0["pose"] = description }
    let error = try #require(bundle.failure())
    #expect(error.description.contains("quaternion") && error.description.contains("pose.onnx"))
  }
}

/// The elements of a float32 .npy file.
private func floats(_ file: URL) throws -> [Float] {
  let data = [UInt8](try Data(contentsOf: file))
  let start = 10 + Int(data[8]) + Int(data[9]) << 8
  return data[start...].withUnsafeBytes { raw in
    (0..<(raw.count / 4)).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
  }
}
