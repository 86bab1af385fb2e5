// Bundles that are sound, and bundles that are not.
import Foundation
import Inference
import ModelBundle
import Quantities
import TestSupport
import Testing

/// A tiny bundle in a temporary folder: encoder image -> f_s, skip_2; decoder f_o, skip_2 -> disparity, log_sigma.
final class TinyBundle {
  let folder: TemporaryFolder
  var path: String { folder.path }

  init() throws {
    folder = try TemporaryFolder()
    var encoder = ONNXBuilder()
    encoder.input("image", [1, 3, nil, nil])
    encoder.weights("w", (0..<(16 * 27)).map { Float($0 % 13) / 13 - 0.5 }, [16, 3, 3, 3])
    encoder.weights("v", (0..<(8 * 16)).map { Float($0 % 7) / 7 - 0.4 }, [8, 16, 1, 1])
    encoder.node("Conv", ["image", "w"], ["skip_2"], name: "stem", ints: ["pads": [1, 1, 1, 1]])
    encoder.node("Conv", ["skip_2", "v"], ["f_s"], name: "feature")
    encoder.output("skip_2", [1, 16, nil, nil])
    encoder.output("f_s", [1, 8, nil, nil])
    var decoder = ONNXBuilder()
    decoder.input("f_o", [1, 8, nil, nil])
    decoder.input("skip_2", [1, 16, nil, nil])
    decoder.weights("w", (0..<24).map { Float($0) / 24 - 0.5 }, [1, 24, 1, 1])
    decoder.node("Concat", ["f_o", "skip_2"], ["joined"], name: "join")
    decoder.node("Conv", ["joined", "w"], ["log_sigma"], name: "head")
    decoder.node("Sigmoid", ["log_sigma"], ["disparity"], name: "squash")
    decoder.output("disparity", [1, 1, nil, nil])
    decoder.output("log_sigma", [1, 1, nil, nil])
    try write("encoder.onnx", encoder.file)
    try write("decoder.onnx", decoder.file)
    try write("MODEL_CARD.md", Array("A test.".utf8))
    try describe()
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name)))
  }

  /// Writes bundle.json for the files as they are now; `change` may spoil it.
  func describe(_ change: (inout [String: Any]) -> Void = { _ in }) throws {
    var files: [String: String] = [:]
    for name in ["encoder.onnx", "decoder.onnx", "MODEL_CARD.md", "pose.onnx"]
    where FileManager.default.fileExists(atPath: folder.file(name)) {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
      files[name] = SHA256.hexadecimal(of: bytes)
    }
    var json: [String: Any] = [
      "format_version": 1, "name": "tiny", "architecture": "rpr-lite", "input_sizes": [[64, 32], [32, 32]],
      "normalisation": ["mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]],
      "disparity_to_depth": ["min_depth_m": 0.1, "max_depth_m": 100.0], "canonical_fx_px": 300.0,
      "initial_scale": 1.5, "initial_scale_log_sigma": 0.2,
      "confidence": ["kind": "log_sigma", "a": 1.0, "b": 0.0], "files": files,
      "provenance": ["recipe": "test"], "measured": [String: Any](),
    ]
    change(&json)
    let data = try JSONSerialization.data(withJSONObject: json)
    try data.write(to: URL(fileURLWithPath: folder.file("bundle.json")))
  }

  func failure() -> ModelBundleError? {
    do throws(ModelBundleError) {
      _ = try DepthModel.load(path: path)
      return nil
    } catch {
      return error
    }
  }
}

@Suite struct BundleTests {
  private let size = ImageSize(width: 64, height: 32)

  @Test func `a sound bundle says what it is`() throws {
    let bundle = try TinyBundle()
    let model = try DepthModel.load(path: bundle.path)
    #expect(model.name == "tiny")
    #expect(model.inputSizes == [size, ImageSize(width: 32, height: 32)])
    #expect(model.bestInputSize(for: ImageSize(width: 1920, height: 1080)) == size)
    #expect(model.bestInputSize(for: ImageSize(width: 640, height: 480)) == ImageSize(width: 32, height: 32))
    #expect(model.hash.count == 64 && model.encoderHash.count == 64)
    #expect(!model.hasPriorBank)
  }

  @Test func `an altered file is refused by its hash`() throws {
    let bundle = try TinyBundle()
    try bundle.write("MODEL_CARD.md", Array("Another test.".utf8))
    guard case .wrongHash(let path, _, _)? = bundle.failure() else {
      Issue.record("found \(String(describing: bundle.failure()))")
      return
    }
    #expect(path.hasSuffix("MODEL_CARD.md"))
  }

  @Test(arguments: ["bundle.json", "encoder.onnx", "MODEL_CARD.md"])
  func `a missing file is named`(file: String) throws {
    let bundle = try TinyBundle()
    try FileManager.default.removeItem(atPath: bundle.folder.file(file))
    let error = try #require(bundle.failure())
    #expect(error.description.contains(file))
  }

  @Test func `a file that nobody vouches for is refused`() throws {
    let bundle = try TinyBundle()
    try bundle.write("extra.bin", [1, 2, 3])
    guard case .strayFile? = bundle.failure() else {
      Issue.record("found \(String(describing: bundle.failure()))")
      return
    }
  }

  @Test func `unknown and missing keys are named`() throws {
    let bundle = try TinyBundle()
    try bundle.describe { $0["flavour"] = "mint" }
    #expect(try #require(bundle.failure()).description.contains("flavour"))
    try bundle.describe { $0["canonical_fx_px"] = nil }
    #expect(try #require(bundle.failure()).description.contains("canonical_fx_px"))
    try bundle.describe { $0["format_version"] = 2 }
    guard case .unsupportedFormat(_, 2, 1)? = bundle.failure() else {
      Issue.record("found \(String(describing: bundle.failure()))")
      return
    }
  }

  @Test func `a truncated encoder is refused even when its hash is right`() throws {
    let bundle = try TinyBundle()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: bundle.folder.file("encoder.onnx"))))
    try bundle.write("encoder.onnx", Array(whole.dropLast(50)))
    try bundle.describe()
    guard case .inference(let path, _)? = bundle.failure() else {
      Issue.record("found \(String(describing: bundle.failure()))")
      return
    }
    #expect(path.hasSuffix("encoder.onnx"))
  }
}
