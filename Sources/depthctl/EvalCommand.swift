// `depthctl eval`: accuracy of a model on a drive with depth.
public import ArgumentParser
public import Evaluation
import Drive
import Geometry
import Glibc
import ImageBuffers
import ModelBundle
import Platform
import Preprocessing
import PriorFusion
import Quantities

extension EvaluationProtocol.Crop: ExpressibleByArgument {}

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure a model's depth error on a drive with depth.",
    discussion: """
      The whole image is stretched to the network's size by area averaging; the disparity is resized \
      bilinearly to the truth's size and inverted. Errors are means over images, once with each image's \
      depth scaled by median(truth) / median(prediction), once in metres as predicted.
      """)

  @Option(help: "Model: a bundle folder or an .onnx file.") var bundle: String
  @Option(help: "Drive folder with depth/.") var drive: String
  @Option(help: "Network input size [default: the trained size nearest in shape to the drive's images].")
  var size: ImageSize?
  @Flag(help: "Leave the model's prior bank out.") var noPriors = false
  @Option(help: "A prior bank in the place of the model's own.") var bank: String?
  @Option(help: "How references of the bank are found: exact or two_level.") var search = PriorSearch.exact
  @Option(help: "Give the completion network N random points, or beams:N lines, of sparse/; score the rest.")
  var sparse: SparseInput?
  @Option(help: "Seed of the random points.") var seed: UInt64 = 1
  @Option(help: "Pixels to score: none (all with truth), garg and eigen (KITTI), nyu (NYUv2).")
  var crop = EvaluationProtocol.Crop.none
  @Option(help: "Farthest truth that counts, m.") var cap = 80.0
  @Option(help: "Metres per unit of unscaled depth, as learned elsewhere [default: the model's own].")
  var scale: Double?
  @Option(help: "Threads of the engine.") var threads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func validate() throws {
    if let scale, !(scale > 0 && scale.isFinite) { throw ValidationError("--scale must be positive") }
    guard bank == nil || !noPriors else { throw ValidationError("--bank and --no-priors exclude each other") }
    guard cap > 0 else { throw ValidationError("--cap must be positive") }
    guard threads > 0, threads <= 256 else { throw ValidationError("--threads must be 1 to 256") }
  }

  func run() throws {
    let model = try DepthModel.load(path: bundle, priors: noPriors ? .off : bank.map { .file($0) } ?? .bundle)
    let reader = try DriveReader(directory: drive)
    guard reader.hasDepth else { throw EvalError.noTruth(drive: drive) }
    let summary = try evaluate(model, on: reader)
    guard summary.frameCount > 0 else { throw EvalError.nothingToScore(drive: drive) }
    print(json ? EvaluationReport.json(summary) : EvaluationReport.table(summary))
  }

  private func evaluate(_ model: DepthModel, on reader: DriveReader) throws -> EvaluationSummary {
    let imageSize = reader.manifest.size
    let networkSize = size ?? model.bestInputSize(for: imageSize)
    let feed = sparse.map { SparseFeed($0, seed: seed, reader: reader, networkSize: networkSize) }
    let network = try model.network(
      for: networkSize, executor: WorkerTeam(width: threads), priors: model.priors, priorSearch: search,
      pointCap: feed == nil ? 0 : networkSize.pixelCount)
    let normalization = InputNormalization(
      mean: model.normalization.mean, standardDeviation: model.normalization.standardDeviation)
    let resize = AreaResize(sourceSize: imageSize, size: networkSize)
    var rowBuffer = resize.makeRowBuffer()
    var image = RGBImage(size: imageSize)
    var truth = Plane<Float>(width: imageSize.width, height: imageSize.height)
    var inverseDepth = Plane<Float>(width: networkSize.width, height: networkSize.height)
    var evaluator = ImageEvaluator(EvaluationProtocol(crop: crop, capMeters: cap))
    var summary = EvaluationSummary()
    var progress = ProgressBar("eval", total: reader.frames.count)
    let scale = metersPerUnit(model, reader, networkSize)
    for index in reader.frames.indices {
      progress.show(index + 1)
      guard try reader.readDepth(index, into: &truth) else { continue }
      try reader.readImage(index, into: &image)
      resize.run(image, normalization: normalization, rowBuffer: &rowBuffer, into: network.input)
      if let feed {
        try feed.read(index)
        feed.hideGiven(in: &truth)
        network.run(completing: feed.points, unitsPerMeter: Float(1 / scale))
      } else {
        network.run()
      }
      model.writeInverseDepth(network, into: &inverseDepth)
      if let result = evaluator.evaluate(disparity: inverseDepth, depthScale: scale, truth: truth) {
        summary.add(result, pointCount: feed?.count)
      }
    }
    return summary
  }

  /// Metres per unit of network depth: the model's own scale, and the focal length seen by the network over
  /// the one it was trained for.
  private func metersPerUnit(_ model: DepthModel, _ reader: DriveReader, _ networkSize: ImageSize) -> Double {
    let scale = self.scale ?? model.initialScale.value
    guard let canonical = model.canonicalFxPixels, let calibration = reader.calibration else { return scale }
    return scale * calibration.intrinsics.scaled(to: networkSize).fx / canonical
  }
}

/// Why there is nothing to report.
enum EvalError: Error, CustomStringConvertible {
  case noTruth(drive: String)
  case nothingToScore(drive: String)

  var description: String {
    switch self {
    case .noTruth(let drive):
      "\(drive) has no depth/ to compare with; use a drive with truth."
    case .nothingToScore(let drive):
      "\(drive): no frame has a pixel with truth inside the crop and the cap; widen --crop or --cap."
    }
  }
}

extension DepthModel {
  /// What the network said, as inverse depth of its own unit.
  fileprivate func writeInverseDepth(_ network: DepthNetwork, into plane: inout Plane<Float>) {
    let far = Float(1 / disparityToDepth.maximumDepthMeters)
    let span = Float(1 / disparityToDepth.minimumDepthMeters) - far
    for y in 0..<network.size.height {
      var row = plane.mutableRow(y)
      for x in 0..<network.size.width {
        let value = network.output[y * network.size.width + x]
        switch output {
        case .disparity: row[x] = far + span * value
        case .inverseDepth: row[x] = value
        case .depth: row[x] = 1 / value
        }
      }
    }
  }
}
