// `depthctl bank select`: the references that a model's frames look at, and what is usual among them.
import ArgumentParser
import Drive
import Foundation
import ImageBuffers
import ModelBundle
import Platform
import Preprocessing
import PriorFusion
import Quantities

struct BankSelectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select", abstract: "Keep the references that frames of a drive look at.",
    discussion: """
      Runs the model's encoder over the drive's frames, sums each reference's attention and keeps the heaviest; of \
      equals the first. Then it runs the model with the new bank over the same frames and stores what is usual there \
      (docs/bundle.md, "What a bank knows of its domain"): take frames that the bank was not built of. With --count \
      no less than the bank holds, that alone is done. The same inputs give the same bytes. Memory grows by some 50 \
      bytes for each reference of the bank, and holds the new bank whole. An interrupted run goes on where it was, \
      from FILE.attention beside --out, if the pictures are the same.
      """)

  @Option(help: "The bundle that the bank is for.") var model: String
  @Option(help: "A priors.safetensors.") var bank: String
  @Option(help: "Drive folder to look at (repeatable).") var drive: [String]
  @Option(help: "Look at every N-th frame.") var every = 1
  @Option(help: "References to keep.") var count: Int
  @Flag(help: "The same number from each tenth of the disparities, so that rare near ones survive.")
  var stratified = false
  @Option(help: "The file to write.") var out: String
  @Option(help: "Threads to use.") var threads = ProcessInfo.processInfo.activeProcessorCount

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be at least 1") }
    guard every > 0, threads > 0 else { throw ValidationError("--every and --threads must be at least 1") }
    guard !drive.isEmpty else { throw ValidationError("--drive is needed") }
  }

  func run() throws {
    let loaded = try DepthModel.load(path: model, priors: .off)
    let file = try PriorBankFile(path: bank)
    try loaded.check(file)
    let hash = try file.verified("check")
    let team = WorkerTeam(width: threads)
    let frames = try DriveFrames(drive, every: every)
    guard frames.count > 0 else { throw BankSelectError.noFrames(drives: drive) }
    let rule = stratified ? PriorBankFile.SelectionRule.stratified : .top
    var chosen = Array(0..<file.count)
    let checkpoint = AttentionCheckpoint(
      path: out + ".attention", inputs: [hash, loaded.hash, try frames.hash()], references: file.count,
      frames: frames.count)
    if count < file.count {
      chosen = rule.choose(
        count, weights: try weights(of: file, loaded, frames, checkpoint, team),
        disparities: try file.disparities())
    }
    // Written twice: what is usual is known when the new bank has been used.
    let draft = out + ".unmeasured"
    defer { try? FileManager.default.removeItem(atPath: draft) }
    try file.writeSubset(chosen, rule: rule, domain: nil, to: draft)
    guard let domain = try measure(try loaded.loadPriors(.file(draft)), loaded, frames, team) else {
      throw BankSelectError.noDomain(bank: bank, frames: frames.count)
    }
    try file.writeSubset(chosen, rule: rule, domain: domain, to: out)
    checkpoint.remove()
    print(
      "\(out): \(chosen.count) of \(file.count) references, its domain measured on \(frames.count) frames")
  }

  /// Attention of each reference, summed over the frames.
  private func weights(
    of file: PriorBankFile, _ model: DepthModel, _ frames: DriveFrames, _ checkpoint: AttentionCheckpoint,
    _ team: WorkerTeam
  ) throws -> [Double] {
    var checkpoint = checkpoint
    let accumulator = AttentionAccumulator(
      try file.querySide(), channels: file.featureChannels, executor: team)
    var bar = ProgressBar("attention", total: frames.count)
    var done = checkpoint.framesDone
    try frames.forEach(model, priors: nil, from: done, executor: team) { network in
      network.encode()
      accumulator.add(try network.featureRows())
      done += 1
      let isLast = done == frames.count
      if accumulator.waitingQueries >= AttentionAccumulator.queriesPerPass || isLast {
        let before = checkpoint.framesDone
        let pass = try file.accumulate(accumulator) { bar.show(before, "pass at \(Int(100 * $0)) %") }
        try checkpoint.add(pass, framesDone: done, of: frames.count)
        bar.show(done)
      }
    }
    return checkpoint.weights
  }

  private func measure(
    _ bank: PriorBank?, _ model: DepthModel, _ frames: DriveFrames, _ team: WorkerTeam
  ) throws -> RetrievalDomain? {
    var meter = DomainMeter()
    let rule = PriorDeviation(
      minimumDepth: model.disparityToDepth.minimumDepthMeters,
      maximumDepth: model.disparityToDepth.maximumDepthMeters)
    var bar = ProgressBar("domain", total: frames.count)
    try frames.forEach(model, priors: bank, executor: team) { network in
      network.run()
      guard let found = network.priorFusion?.statistics else { return }
      var variances = [Float](repeating: 0, count: found.entropy.count)
      rule.run(network.output, size: network.size, found, into: &variances)
      meter.add(RetrievalMeans(found), variances: variances)
      bar.show(meter.frames)
    }
    return meter.domain
  }
}

/// Why nothing is selected.
enum BankSelectError: Error, CustomStringConvertible {
  case noFrames(drives: [String])
  case noDomain(bank: String, frames: Int)

  var description: String {
    switch self {
    case .noFrames(let drives):
      "\(drives.joined(separator: ", ")): no frames to look at. Name a drive that has some."
    case .noDomain(let bank, let frames):
      "\(bank): what is usual in its domain cannot be told from \(frames) frames, because retrieval gave numbers that "
        + "are not finite, or none that differ. `depthctl infer --stage prior_disparity` shows what it says of one."
    }
  }
}

/// Frames of drives, brought to a network's input.
private struct DriveFrames {
  private let readers: [DriveReader]
  private let every: Int

  init(_ folders: [String], every: Int) throws {
    readers = try folders.map { try DriveReader(directory: $0) }
    self.every = every
  }

  var count: Int { readers.reduce(0) { $0 + ($1.frames.count + every - 1) / every } }

  /// Of all images, in their order: other pictures are other frames, wherever they lie.
  func hash() throws -> String {
    var hash = SHA256()
    for reader in readers {
      for index in stride(from: 0, to: reader.frames.count, by: every) {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: reader.imagePath(index)))
        withUnsafeBytes(of: bytes.count) { hash.update($0) }
        bytes.withUnsafeBytes { hash.update($0) }
      }
    }
    return hash.hexadecimal()
  }

  /// Calls `body` with a network whose input holds a frame, for each of them from the `first` on.
  func forEach(
    _ model: DepthModel, priors: PriorBank?, from first: Int = 0, executor: WorkerTeam,
    _ body: (DepthNetwork) throws -> Void
  ) throws {
    let normalization = InputNormalization(
      mean: model.normalization.mean, standardDeviation: model.normalization.standardDeviation)
    var place = -1
    for reader in readers {
      let size = reader.manifest.size
      let network = try model.network(for: model.bestInputSize(for: size), executor: executor, priors: priors)
      let resize = AreaResize(sourceSize: size, size: network.size)
      var rowBuffer = resize.makeRowBuffer()
      var image = RGBImage(size: size)
      for index in stride(from: 0, to: reader.frames.count, by: every) {
        place += 1
        if place < first { continue }
        try reader.readImage(index, into: &image)
        resize.run(image, normalization: normalization, rowBuffer: &rowBuffer, into: network.input)
        try body(network)
      }
    }
  }
}
