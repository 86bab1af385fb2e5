// `depthctl infer`: one image through a model, as NumPy sees it.
import ArgumentParser
import Foundation
import ImageBuffers
import ImageCodecs
import Inference
import ModelBundle
import Platform
import Preprocessing
import PriorFusion
import Quantities

/// What `depthctl infer` writes.
enum InferStage: String, ExpressibleByArgument, CaseIterable {
  case disparity, depth, sigma
  case priorDisparity = "prior_disparity"
}

struct InferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer", abstract: "Run a model on one image and write a float32 NPY file (H, W).")

  @Option(help: "A bundle folder or an .onnx file.") var bundle: String
  @Option(help: "A PNG or JPEG image; resized to the network's input by area averaging.") var image: String
  @Option(help: "The .npy file to write.") var out: String
  @Option(help: "Network input size [default: the trained size nearest in shape].") var size: ImageSize?
  @Option(
    help: """
      disparity: the network's output; depth: in the network's unit; sigma: of ln(depth); prior_disparity: the \
      bank's, at stride 16.
      """
  )
  var stage = InferStage.disparity
  @Option(help: "A prior bank in the place of the model's own.") var bank: String?
  @Option(help: "Threads to use.") var threads = ProcessInfo.processInfo.activeProcessorCount

  func run() throws {
    let model = try DepthModel.load(path: bundle, priors: bank.map { .file($0) } ?? .bundle)
    let picture = try ImageFile.read(image)
    let target = size ?? model.bestInputSize(for: picture.size)
    let network = try model.network(
      for: target, executor: WorkerTeam(width: max(1, threads)), priors: model.priors)
    let resize = AreaResize(sourceSize: picture.size, size: target)
    var rows = resize.makeRowBuffer()
    let normalization = InputNormalization(
      mean: model.normalization.mean, standardDeviation: model.normalization.standardDeviation)
    resize.run(picture, normalization: normalization, rowBuffer: &rows, into: network.input)
    network.run()
    let values = try result(model, network)
    // The priors' answer is at the features' size.
    let features = network.priorFusion.map {
      ImageSize(width: $0.featureShape[2], height: $0.featureShape[1])
    }
    let size = stage == .priorDisparity ? features ?? target : target
    try NPYFile.write(Tensor(values, shape: [size.height, size.width]), to: out)
    print("\(out): \(stage.rawValue) \(size)")
  }

  private func result(_ model: DepthModel, _ network: DepthNetwork) throws -> [Float] {
    let output = Array(network.output)
    let bounds = model.disparityToDepth
    let far = Float(1 / bounds.maximumDepthMeters)
    let slope = Float(1 / bounds.minimumDepthMeters) - far
    switch (stage, model.output) {
    case (.disparity, .disparity): return output
    case (.disparity, .inverseDepth): return output
    case (.disparity, .depth): return output.map { 1 / $0 }
    case (.depth, .disparity): return output.map { 1 / (far + slope * $0) }
    case (.depth, .inverseDepth): return output.map { 1 / $0 }
    case (.depth, .depth): return output
    case (.sigma, _):
      guard let sigma = network.logSigma, let map = model.confidence else {
        throw ValidationError("\(bundle) estimates no uncertainty; --stage sigma needs a bundle that does.")
      }
      return sigma.map { Float(exp(map.a * Double($0) + map.b)) }
    case (.priorDisparity, _):
      guard let found = network.priorFusion?.statistics else {
        throw ValidationError("\(bundle) has no prior bank; --stage prior_disparity needs one (--bank).")
      }
      return Array(found.priorDisparity)
    }
  }
}

/// An image from disk, PNG or JPEG by its first bytes.
enum ImageFile {
  static func read(_ path: String) throws -> RGBImage {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return try PNGDecoder.decodeRGB(bytes.span.bytes) }
    return try JPEGDecoder().decode(bytes.span.bytes)
  }
}
