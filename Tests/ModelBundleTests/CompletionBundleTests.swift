// Bundles with a completion network: the shipped small model beside the golden vectors' random completion network.
import Completion
import Foundation
import ModelBundle
import Platform
import PriorFusion
import Quantities
import TensorFiles
import TestSupport
import Testing

/// A copy of the shipped bundle with another `san.safetensors` or none, and bundle.json to match.
final class CompletionBundle {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let shipped = root.appendingPathComponent("models/lite").path
  static let vectors =
    ProcessInfo.processInfo.environment["DEPTHD_VECTORS"].map { URL(fileURLWithPath: $0) }
    ?? root.appendingPathComponent(".vectors")
  static let san = vectors.appendingPathComponent("completion-rpr-lite-416x128/san.safetensors")
  private let folder: TemporaryFolder
  var path: String { folder.path }

  convenience init(_ change: (inout [UInt8]) -> Void = { _ in }) throws {
    var san = [UInt8](try Data(contentsOf: Self.san))
    change(&san)
    try self.init(completion: san)
  }

  /// - Parameter completion: the file's content; nil leaves it out.
  init(completion san: [UInt8]?) throws {
    let file = "san.safetensors"
    folder = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.shipped)
    where name != "bundle.json" && name != file {
      try FileManager.default.copyItem(atPath: "\(Self.shipped)/\(name)", toPath: folder.file(name))
    }
    if let san { try Data(san).write(to: URL(fileURLWithPath: folder.file(file))) }
    let manifest = try Data(contentsOf: URL(fileURLWithPath: "\(Self.shipped)/bundle.json"))
    var json = try #require(try JSONSerialization.jsonObject(with: manifest) as? [String: Any])
    var files = try #require(json["files"] as? [String: String])
    files[file] = san.map { SHA256.hexadecimal(of: $0) }
    json["files"] = files
    try JSONSerialization.data(withJSONObject: json).write(
      to: URL(fileURLWithPath: folder.file("bundle.json")))
  }

  /// The model as loaded; the folder may go afterwards.
  func model() throws(ModelBundleError) -> DepthModel { try DepthModel.load(path: path) }

  func failure() -> ModelBundleError? {
    do throws(ModelBundleError) {
      _ = try model()
      return nil
    } catch { return error }
  }

  /// Replaces a text of the header by one of the same length.
  static func replacing(_ old: String, by new: String) -> (inout [UInt8]) -> Void {
    { bytes in
      let pattern = Array(old.utf8)
      guard pattern.count == new.utf8.count,
        let place = bytes.indices.first(where: { bytes[$0...].starts(with: pattern) })
      else {
        Issue.record("\(old) is not in the header")
        return
      }
      bytes.replaceSubrange(place..<place + pattern.count, with: Array(new.utf8))
    }
  }
}

@Suite struct CompletionBundleTests {
  private static let size = ImageSize(width: 416, height: 128)

  private func points(_ count: Int) -> SparseDepth {
    var random = SeededGenerator(seed: UInt64(count))
    var points = SparseDepth(size: Self.size)
    for pixel in (0..<Self.size.pixelCount).shuffled(using: &random).prefix(count) {
      points.insert(
        row: pixel / Self.size.width, column: pixel % Self.size.width,
        depth: Float.random(in: 1...60, using: &random))
    }
    return points
  }

  private func network(_ model: DepthModel, threads: Int = 2, pointCap: Int = 0) throws -> DepthNetwork {
    let network = try model.network(for: Self.size, executor: WorkerTeam(width: threads), pointCap: pointCap)
    for index in network.input.indices { network.input[index] = Float(index * 37 % 1009) / 504 - 1 }
    return network
  }

  @Test(arguments: [1, 2])
  func `with fewer than fifty points the output is that of the bundle without the file, to the bit`(
    threads: Int
  ) throws {
    let plain = try network(try CompletionBundle(completion: nil).model(), threads: threads)
    let completing = try network(try CompletionBundle().model(), threads: threads, pointCap: 3000)
    plain.run()
    let expected = Array(plain.output)
    completing.run()
    #expect(Array(completing.output) == expected)
    for count in [0, 1, 49] {
      #expect(completing.run(completing: points(count), unitsPerMeter: 1) == 0)
      #expect(Array(completing.output) == expected, "\(count) points")
    }
    #expect(completing.run(completing: points(50), unitsPerMeter: 1) > 0)
    #expect(Array(completing.output) != expected)
    completing.run()
    #expect(Array(completing.output) == expected, "points of an earlier frame left a trace")
    let (sigma, plainSigma) = (try #require(completing.logSigma), try #require(plain.logSigma))
    #expect(Array(sigma) == Array(plainSigma))
  }

  /// Whatever the picture, the shipped network's depth comes close to the points that it was given.
  @Test func `the shipped bundle completes`() throws {
    let model = try DepthModel.load(path: CompletionBundle.shipped)
    let (limits, size) = (model.disparityToDepth, Self.size)
    let completing = try network(model, pointCap: 3000)
    var points = SparseDepth(size: size)
    for row in stride(from: 2, to: size.height, by: 8) {
      for column in stride(from: 2, to: size.width, by: 8) {
        points.insert(row: row, column: column, depth: 7)
      }
    }
    #expect(completing.run(completing: points, unitsPerMeter: 1) == points.count)
    let (far, near) = (1 / limits.maximumDepthMeters, 1 / limits.minimumDepthMeters)
    let errors = completing.output.map { abs(1 / (far + (near - far) * Double($0)) / 7 - 1) }
    #expect(errors.reduce(0, +) / Double(errors.count) < 0.15)
  }

  @Test func `more points than the cap are thinned`() throws {
    let completing = try network(try CompletionBundle().model(), pointCap: 100)
    #expect(completing.run(completing: points(2000), unitsPerMeter: 1) == 100)
    #expect(completing.output.allSatisfy { $0.isFinite })
  }

  /// A bank that adds nothing to the features.
  private static let silentBank: PriorBank = {
    let (width, channels) = (PriorBank.width, 64)
    func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }
    let row = BankMemory(zeros(width))
    return PriorBank(
      id: "0000000000000000", featureChannels: channels, storage: .float32,
      references: .init(
        keyPixel: row, valuePixel: row, keyHeads: row, valueHeads: row, disparity: BankMemory([Float(0.1)])),
      querySide: .init(
        pixelWeight: zeros(width * channels), pixelBias: zeros(width), headsWeight: zeros(width * channels),
        headsBias: zeros(width), outputWeight: zeros(width * width), outputBias: zeros(width),
        compress: zeros(channels * PriorBank.compressColumns)))
  }()

  @Test func `points join the features of prior fusion too`() throws {
    let model = try CompletionBundle().model()
    let joined = try network(model, pointCap: 3000)
    joined.run(completing: points(300), unitsPerMeter: 1)
    let split = try model.network(
      for: Self.size, executor: WorkerTeam(width: 2), priors: Self.silentBank, pointCap: 3000)
    _ = split.input.update(fromContentsOf: joined.input)
    split.run(completing: points(300), unitsPerMeter: 1)
    let error = zip(joined.output, split.output).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error <= 1e-5, "\(error)")
  }

  @Test func `a bundle without the file takes no points`() throws {
    let bundle = try CompletionBundle(completion: nil)
    let model = try bundle.model()
    #expect(model.completion == nil)
    #expect(throws: ModelBundleError.noCompletion(path: bundle.path)) {
      _ = try model.network(for: Self.size, executor: SerialExecutor(), pointCap: 1)
    }
  }

  @Test func `a truncated, foreign or poisoned file is refused by name`() throws {
    for change: (inout [UInt8]) -> Void in [
      { $0.removeLast(100) }, { $0 = Array("not a tensor file".utf8) }, { $0 = [] },
      CompletionBundle.replacing("\"16,16,24,32,48\"", by: "\"16,16,24,32,40\""),
      { bytes in for lane in 1...4 { bytes[bytes.count - lane] = 0xFF } },
    ] {
      let error = try CompletionBundle(change).failure()
      guard case .tensors(let reason)? = error else {
        Issue.record("found \(String(describing: error))")
        return
      }
      #expect(reason.description.contains("san.safetensors"))
    }
  }

  @Test func `a level without its decoder input is refused`() throws {
    let error = try CompletionBundle(CompletionBundle.replacing("skip_8b", by: "skip_8z")).failure()
    guard case .badGraph(_, let reason)? = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(reason.contains("skip_8z"))
  }
}
