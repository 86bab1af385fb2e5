public import TensorFiles

/// The completion network as its file `san.safetensors` has it (docs/bundle.md): five levels of sparse
/// convolutions, batch normalisation folded in, and how each level joins a decoder input.
///
/// - Source: Guizilini et al., "Sparse Auxiliary Networks for Unified Monocular Depth Prediction and Completion",
///   CVPR 2021.
public struct CompletionWeights: Sendable {
  static let formatVersion = "3"
  static let strides = [2, 4, 8, 16, 32]
  /// Features of a point: ln(0.1 maximumDepth / depth), and 1.
  static let pointFeatures = 2

  /// One convolution: weights (k k, inputs, outputs), offsets row by row, and bias (outputs).
  struct Convolution: Sendable {
    let inputs: Int
    let outputs: Int
    let weights: [Float]
    let bias: [Float]
  }

  /// One level: convolutions at one stride and the fusion `K <- mapWeight K + P + mapBias` with its target.
  public struct Level: Sendable {
    public let stride: Int
    let kernel: Int
    let width: Int
    let first: Convolution
    let middle: Convolution
    let last: Convolution
    /// Name of the decoder input that the level's output P is added to.
    public let target: String
    public let targetChannels: Int
    /// By how much P is enlarged first (nearest neighbour).
    public let enlargement: Int
    /// (width, targetChannels).
    let projection: [Float]
    let mapWeight: Float
    let mapBias: Float

    /// Rows and columns of the target per row and column of the network's input.
    public var targetStride: Int { stride / enlargement }
  }

  /// How the completed depth is held to the points.
  struct Anchoring: Sendable {
    /// One smoothing of all pixels.
    struct Pass: Sendable {
      /// Distance to the neighbours, pixels.
      let stride: Int
      /// Step of ln(depth) over that distance at which the conductance is a half.
      let edge: Float
    }

    let passes: [Pass]
    /// Weight of a pixel's own value beside its neighbours'.
    let inertia: Float
    /// Variance of the predicted ln(depth) between neighbouring points that is as good as none.
    let slopeNoise: Float
  }

  /// Limits of the depth feature, in the network's unit.
  public let minimumDepth: Float
  public let maximumDepth: Float
  /// With fewer points the network is not to be run.
  public let fewestPoints: Int
  /// Each block of so many pixels squared keeps its nearest point.
  public let cellPixels: Int
  public let levels: [Level]
  let anchoring: Anchoring

  /// - Parameter architecture: of the depth network that the file must have been trained with.
  /// - Throws: whatever is wrong with the file's metadata, tensors or values.
  public init(_ file: TensorFile, architecture: String) throws(TensorFileError) {
    try file.text("format_version", oneOf: [Self.formatVersion])
    try file.text("architecture", oneOf: [architecture])
    try file.text("strides", oneOf: [Self.strides.map(String.init).joined(separator: ",")])
    let count = Self.strides.count
    let kernels = try file.wholeNumbers("kernels", count: count, in: 1...7)
    guard kernels.allSatisfy({ $0 % 2 == 1 }) else {
      throw .badMetadata(
        file: file.name, key: "kernels", found: try file.text("kernels"), expected: "odd numbers")
    }
    let widths = try file.wholeNumbers("widths", count: count, in: 1...1024)
    let targets = try file.words("targets", count: count)
    let enlargements = try file.wholeNumbers("enlarge", count: count, in: 1...2)
    let near = try file.positiveNumber("min_depth")
    let far = try file.positiveNumber("max_depth")
    guard near < far else {
      throw .badMetadata(
        file: file.name, key: "min_depth", found: "\(near)", expected: "less than max_depth, which is \(far)")
    }
    minimumDepth = Float(near)
    maximumDepth = Float(far)
    fewestPoints = try file.wholeNumbers("min_points", count: 1, in: 1...1_000_000)[0]
    cellPixels = Int(try file.text("cell_px", oneOf: ["1", "2", "4", "8", "16", "32"])) ?? 1
    anchoring = try Anchoring(file)
    try file.requireTensors(Self.tensorNames)
    let mapWeights = try file.floats("weight", shape: [count])
    let mapBiases = try file.floats("bias", shape: [count])
    var levels: [Level] = []
    for index in 0..<count {
      levels.append(
        try Level(
          file, stride: Self.strides[index], kernel: kernels[index],
          inputs: index == 0 ? Self.pointFeatures : widths[index - 1], width: widths[index],
          target: targets[index], enlargement: enlargements[index],
          fusion: (mapWeights[index], mapBiases[index])))
    }
    self.levels = levels
  }

  private static var tensorNames: Set<String> {
    var names: Set = ["weight", "bias"]
    for stride in strides {
      for part in ["first", "middle", "last"] {
        names.insert("level_\(stride).\(part).weight")
        names.insert("level_\(stride).\(part).bias")
      }
      names.insert("level_\(stride).projection.weight")
    }
    return names
  }
}

extension CompletionWeights.Anchoring {
  fileprivate init(_ file: TensorFile) throws(TensorFileError) {
    let count = try file.text("anchor_strides").split(separator: ",", omittingEmptySubsequences: false).count
    let strides = try file.wholeNumbers("anchor_strides", count: count, in: 1...AnchorMap.reach)
    let edges = try file.words("anchor_edges", count: count).compactMap(Float.init)
    guard edges.count == count, edges.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .badMetadata(
        file: file.name, key: "anchor_edges", found: try file.text("anchor_edges"),
        expected: "\(count) positive numbers")
    }
    passes = zip(strides, edges).map { Pass(stride: $0, edge: $1) }
    inertia = Float(try file.positiveNumber("anchor_inertia"))
    slopeNoise = Float(try file.positiveNumber("anchor_slope_noise"))
  }
}

extension CompletionWeights.Level {
  fileprivate init(
    _ file: TensorFile, stride: Int, kernel: Int, inputs: Int, width: Int, target: String, enlargement: Int,
    fusion: (weight: Float, bias: Float)
  ) throws(TensorFileError) {
    let name = "level_\(stride)"
    self.stride = stride
    self.kernel = kernel
    self.width = width
    self.target = target
    self.enlargement = enlargement
    first = try .init(file, "\(name).first", kernel: kernel, inputs: inputs, outputs: 5 * width)
    middle = try .init(file, "\(name).middle", kernel: kernel, inputs: 2 * width, outputs: 2 * width)
    last = try .init(file, "\(name).last", kernel: kernel, inputs: 4 * width, outputs: width)
    let shape = file.entries["\(name).projection.weight"]?.shape ?? []
    let channels = shape.count == 2 && (1...4096).contains(shape[1]) ? shape[1] : 1
    projection = try file.floats("\(name).projection.weight", shape: [width, channels])
    targetChannels = channels
    mapWeight = fusion.weight
    mapBias = fusion.bias
  }
}

extension CompletionWeights.Convolution {
  fileprivate init(
    _ file: TensorFile, _ name: String, kernel: Int, inputs: Int, outputs: Int
  ) throws(TensorFileError) {
    self.inputs = inputs
    self.outputs = outputs
    weights = try file.floats("\(name).weight", shape: [kernel * kernel, inputs, outputs])
    bias = try file.floats("\(name).bias", shape: [outputs])
  }
}
