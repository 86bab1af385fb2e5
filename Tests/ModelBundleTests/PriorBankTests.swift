// Prior banks that training wrote, and files that are none.
import Foundation
import ModelBundle
import PriorFusion
import TensorFiles
import TestSupport
import Testing

@Suite struct PriorBankTests {
  private static let encoderHash = String(repeating: "ab", count: 32)
  private static let golden = [
    "rpr-lite-m1-416x128", "rpr-lite-m255-float32-416x128", "diffnet-m4096-416x128",
  ]
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func goldenPath(_ name: String) -> String {
    CompletionBundle.vectors.appendingPathComponent("fusion-\(name)/priors.safetensors").path
  }

  private func write(_ bytes: [UInt8]) throws -> String {
    let path = folder.file("priors.safetensors")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func sound(_ count: Int = 5) -> BankBuilder {
    BankBuilder(count: count, encoderHash: Self.encoderHash)
  }

  private func failure(_ bytes: [UInt8]) throws -> ModelBundleError? {
    let path = try write(bytes)
    do throws(ModelBundleError) {
      _ = try PriorBankFile(path: path).load()
      return nil
    } catch {
      #expect(error.description.contains(path), "\(error) does not name the file")
      return error
    }
  }

  @Test(arguments: golden)
  func `a bank that training wrote is read whole`(name: String) throws {
    let path = Self.goldenPath(name)
    let file = try PriorBankFile(path: path)
    let bank = try file.load()
    let hash = SHA256.hexadecimal(of: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    #expect(bank.id == String(hash.prefix(16)))
    #expect(try file.verify() == hash)
    #expect(name.contains("-m\(bank.count)-") && bank.count == file.count)
    #expect(bank.storage == (name.contains("float32") ? .float32 : .float16))
    #expect(bank.featureChannels == (name.hasPrefix("diffnet") ? 256 : 64))
    #expect(file.metadata.drives == ["golden"])
    #expect(bank.references.disparity.array(of: Float.self).allSatisfy { (0...1).contains($0) })
  }

  @Test func `values come out as they were put in`() throws {
    let builder = sound()
    let bank = try PriorBankFile(path: try write(builder.file)).load()
    func values(_ name: String) -> [Float] { builder.tensors.first { $0.name == name }?.values ?? [] }
    #expect(
      bank.references.keyHeads.array(of: Float16.self) == values("key_heads").map { Float16($0) })
    #expect(bank.references.disparity.array(of: Float.self) == values("disparity"))
    #expect(bank.querySide.compress == values("compress.weight"))
    #expect(bank.querySide.outputBias == values("heads_output.bias"))
  }

  @Test func `every truncation is refused, and a tail too`() throws {
    let bytes = sound().file
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    var random = SeededGenerator(seed: 5)
    let lengths = (0..<40).map { $0 } + (0..<200).map { _ in Int.random(in: 0..<bytes.count, using: &random) }
    for length in lengths + [header - 1, header, header + 1, bytes.count - 1] {
      #expect(
        try failure(Array(bytes[..<length])) != nil, "\(length) of \(bytes.count) bytes were taken for a bank"
      )
    }
    #expect(try failure(bytes + [0]) != nil)
  }

  @Test func `bytes that fell over are refused or read, never more`() throws {
    let bytes = sound(2).file
    var random = SeededGenerator(seed: 6)
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    for _ in 0..<300 {
      var damaged = bytes
      damaged[Int.random(in: 0..<header, using: &random)] = UInt8.random(in: 0...255, using: &random)
      _ = try failure(damaged)
    }
  }

  @Test(arguments: [
    ("format", "depthd-references"), ("version", "2"), ("references", "6"), ("width", "32"), ("heads", "8"),
    ("drives", "street"), ("drives", "[]"), ("encoder_sha256", "abc"), ("min_depth_m", "0"),
  ])
  func `metadata of something else are refused by their key`(key: String, value: String) throws {
    var builder = sound()
    builder.metadata[key] = value
    let error = try failure(builder.file)
    #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    builder.metadata[key] = nil
    #expect(try failure(builder.file)?.description.contains(key) == true)
  }

  @Test func `no reference, a missing tensor, one too many and other shapes are refused by name`() throws {
    #expect(try failure(sound(0).file)?.description.contains("M = 0") == true)
    for name in sound().tensors.map(\.name) {
      var builder = sound()
      builder.tensors.removeAll { $0.name == name }
      #expect(try failure(builder.file)?.description.contains(name) == true, "without \(name)")
    }
    var builder = sound()
    builder.tensors.append(("surprise", "F32", [1], [0]))
    #expect(try failure(builder.file)?.description.contains("surprise") == true)
    for (name, shape) in [("key_heads", [64, 5]), ("trust", [5, 1]), ("query_heads.weight", [32, 128])] {
      var builder = sound()
      for index in builder.tensors.indices where builder.tensors[index].name == name {
        builder.tensors[index].shape = shape
      }
      #expect(try failure(builder.file)?.description.contains(name) == true, "\(name) \(shape)")
    }
  }

  @Test(arguments: ["value_pixel", "disparity", "trust", "compress.weight", "reference_key_heads.weight"])
  func `a value that is no number is refused, with its place`(tensor: String) throws {
    for value in [Float.nan, .infinity] {
      var builder = sound()
      builder.change(tensor) { $0[3] = value }
      let error = try failure(builder.file)
      guard case .tensors(.notFinite(_, let found, 3, _))? = error else {
        Issue.record("\(tensor) = \(value): \(String(describing: error))")
        continue
      }
      #expect(found == tensor)
    }
  }

  @Test func `an impossible disparity and a drive without a name are refused`() throws {
    for (tensor, value) in [("disparity", 1.5), ("disparity", -0.1), ("drive", 1), ("cell", -1)]
      as [(String, Float)]
    {
      var builder = sound()
      builder.change(tensor) { $0[2] = value }
      let text = try failure(builder.file)?.description ?? "taken"
      #expect(text.contains("\(tensor)") && text.contains("reference 2"), "\(text)")
    }
  }

  @Test func `what is no file of ours is refused`() throws {
    #expect(try failure(Array("not a tensor file".utf8)) != nil)
    #expect(throws: ModelBundleError.self) { _ = try PriorBankFile(path: folder.file("nothing")) }
    #expect(throws: ModelBundleError.self) { _ = try PriorBankFile(path: folder.path) }
  }
}

/// Banks beside the model they are for.
@Suite struct PriorBankOfModelTests {
  private let folder: TemporaryFolder
  private let model: DepthModel

  init() throws {
    folder = try TemporaryFolder()
    model = try DepthModel.load(path: CompletionBundle.shipped)
  }

  private func path(_ builder: BankBuilder) throws -> String {
    let path = folder.file("priors.safetensors")
    try Data(builder.file).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func fitting(encoder: String? = nil, far: String? = nil) -> BankBuilder {
    let bounds = model.disparityToDepth
    return BankBuilder(
      count: 3, encoderHash: encoder ?? model.encoderHash,
      convention: (
        "\(bounds.minimumDepthMeters)", far ?? "\(bounds.maximumDepthMeters)",
        "\(model.canonicalFxPixels ?? 0)"
      ))
  }

  @Test func `a bank of the model's encoder is taken`() throws {
    #expect(try model.loadPriors(.file(try path(fitting())))?.count == 3)
    #expect(try model.loadPriors(.off) == nil && (model.priors != nil) == model.hasPriorBank)
  }

  @Test func `a bank of another encoder is refused by both names`() throws {
    let other = String(repeating: "cd", count: 32)
    let file = try path(fitting(encoder: other))
    let error = #expect(throws: ModelBundleError.self) { _ = try model.loadPriors(.file(file)) }
    let text = error?.description ?? ""
    #expect(text.contains(other.prefix(16)) && text.contains(model.encoderHash.prefix(16)), "\(text)")
    #expect(text.contains(file) && text.contains(model.name))
  }

  @Test func `a bank whose disparities mean other depths is refused`() throws {
    let file = try path(fitting(far: "250"))
    let error = #expect(throws: ModelBundleError.self) { _ = try model.loadPriors(.file(file)) }
    #expect(error?.description.contains("250") == true)
  }

  @Test func `a bundle's own bank comes with it, and must be the one that bundle.json names`() throws {
    let bundle = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: CompletionBundle.shipped)
    where name != "bundle.json" && name != "priors.safetensors" {
      try FileManager.default.copyItem(
        atPath: "\(CompletionBundle.shipped)/\(name)", toPath: bundle.file(name))
    }
    let bank = fitting().file
    try Data(bank).write(to: URL(fileURLWithPath: bundle.file("priors.safetensors")))
    let manifest = try Data(contentsOf: URL(fileURLWithPath: "\(CompletionBundle.shipped)/bundle.json"))
    var json = try #require(try JSONSerialization.jsonObject(with: manifest) as? [String: Any])
    var files = try #require(json["files"] as? [String: String])
    files["priors.safetensors"] = SHA256.hexadecimal(of: bank)
    json["files"] = files
    try JSONSerialization.data(withJSONObject: json).write(
      to: URL(fileURLWithPath: bundle.file("bundle.json")))
    #expect(
      try DepthModel.load(path: bundle.path).priors?.id == String(SHA256.hexadecimal(of: bank).prefix(16)))
    #expect(try DepthModel.load(path: bundle.path, priors: .off).priors == nil)
    var other = fitting()
    other.change("trust") { $0[0] = 0.25 }
    try Data(other.file).write(to: URL(fileURLWithPath: bundle.file("priors.safetensors")))
    let error = #expect(throws: ModelBundleError.self) { _ = try DepthModel.load(path: bundle.path) }
    guard case .wrongHash? = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(try DepthModel.load(path: bundle.path, priors: .off).hasPriorBank)
  }
}
