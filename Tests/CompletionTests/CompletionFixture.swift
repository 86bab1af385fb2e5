// A completion network with seeded random weights, as arrays and as a file.
import Completion
import Quantities
import TensorFiles
import TestSupport

/// Weights as docs/bundle.md lays them out, for the network under test and for its twin.
struct CompletionFixture {
  struct Level {
    let stride: Int
    let kernel: Int
    let inputs: Int
    let width: Int
    let target: String
    let channels: Int
    let enlargement: Int
    var tensors: [String: [Float]] = [:]
  }

  static let minimumDepth: Float = 0.5
  static let maximumDepth: Float = 80
  var levels: [Level] = []
  var weight: [Float] = []
  var bias: [Float] = []

  init(widths: [Int] = [16, 16, 24, 32, 48], kernels: [Int] = [5, 5, 3, 3, 3], seed: UInt64 = 1) {
    var random = SeededGenerator(seed: seed)
    let targets = [("skip_2", 16, 1), ("skip_4b", 24, 1), ("skip_8b", 13, 1), ("f_o", 20, 1), ("f_o", 20, 2)]
    var inputs = 2
    for index in 0..<5 {
      let (c, k) = (widths[index], kernels[index])
      var level = Level(
        stride: 2 << index, kernel: k, inputs: inputs, width: c, target: targets[index].0,
        channels: targets[index].1, enlargement: targets[index].2)
      func noise(_ count: Int, _ scale: Float) -> [Float] {
        (0..<count).map { _ in Float.random(in: -scale...scale, using: &random) }
      }
      for (part, rows, columns) in [("first", inputs, 5 * c), ("middle", 2 * c, 2 * c), ("last", 4 * c, c)] {
        let scale = 1.2 / (Float(rows) * 4).squareRoot()
        level.tensors["\(part).weight"] = noise(k * k * rows * columns, scale)
        level.tensors["\(part).bias"] = noise(columns, 0.3)
      }
      level.tensors["projection.weight"] = noise(c * level.channels, 0.3)
      levels.append(level)
      inputs = c
    }
    weight = [0.8, 1, 1.2, 0.9, 1.1]
    bias = [0.1, 0, -0.1, 0.05, 0.02]
  }

  var builder: SafetensorsBuilder {
    var builder = SafetensorsBuilder(metadata: [
      "format_version": "3", "architecture": "rpr-lite", "min_depth": "\(Self.minimumDepth)",
      "max_depth": "\(Self.maximumDepth)", "min_points": "50", "cell_px": "4", "strides": "2,4,8,16,32",
      "kernels": list { $0.kernel }, "widths": list { $0.width }, "targets": list { $0.target },
      "enlarge": list { $0.enlargement }, "anchor_strides": "32,16,16,8,8,4,2,1",
      "anchor_edges": "0.28,0.22,0.22,0.18,0.18,0.14,0.11,0.09", "anchor_inertia": "0.01",
      "anchor_slope_noise": "0.001",
    ])
    for level in levels {
      let (k, c) = (level.kernel * level.kernel, level.width)
      func add(_ name: String, _ shape: [Int]) {
        builder.add("level_\(level.stride).\(name)", level.tensors[name] ?? [], shape)
      }
      for (part, rows, columns) in [
        ("first", level.inputs, 5 * c), ("middle", 2 * c, 2 * c), ("last", 4 * c, c),
      ] {
        add("\(part).weight", [k, rows, columns])
        add("\(part).bias", [columns])
      }
      add("projection.weight", [c, level.channels])
    }
    builder.add("weight", weight, [5])
    builder.add("bias", bias, [5])
    return builder
  }

  func weights() throws -> CompletionWeights {
    try CompletionWeights(TensorFile(builder.file, name: "san.safetensors"), architecture: "rpr-lite")
  }

  private func list(_ value: (Level) -> some CustomStringConvertible) -> String {
    levels.map { "\(value($0))" }.joined(separator: ",")
  }
}

/// A plane of sparse depth (height, width), 0 = no point.
struct DepthPicture {
  let size: ImageSize
  var values: [Float]

  init(_ size: ImageSize) {
    self.size = size
    values = [Float](repeating: 0, count: size.pixelCount)
  }

  /// `count` random pixels, all when it is nil.
  init(_ size: ImageSize, random count: Int?, seed: UInt64) {
    self.init(size)
    var random = SeededGenerator(seed: seed)
    let chosen = (0..<size.pixelCount).shuffled(using: &random).prefix(count ?? size.pixelCount)
    for pixel in chosen { values[pixel] = Float.random(in: 0.2...120, using: &random) }
  }

  func fill(_ points: inout SparseDepth) {
    points.clear()
    for (pixel, depth) in values.enumerated() where depth > 0 {
      points.insert(row: pixel / size.width, column: pixel % size.width, depth: depth)
    }
  }
}

/// Decoder inputs in memory of their own.
final class Maps {
  private(set) var maps: [DecoderMap] = []
  private var bases: [String: UnsafeMutablePointer<Float>] = [:]
  private var counts: [String: Int] = [:]

  /// One map per target name, filled with `value`.
  init(_ weights: CompletionWeights, size: ImageSize, blockChannels: Int, value: (Int) -> Float) {
    for level in weights.levels {
      let (height, width) = (size.height / level.targetStride, size.width / level.targetStride)
      let channels = (level.targetChannels + blockChannels - 1) / blockChannels * blockChannels
      let count = channels * height * width
      let base = bases[level.target] ?? .allocate(capacity: count)
      if bases[level.target] == nil { for index in 0..<count { base[index] = value(index) } }
      bases[level.target] = base
      counts[level.target] = count
      maps.append(
        DecoderMap(
          base: base, channels: level.targetChannels, height: height, width: width,
          blockChannels: blockChannels))
    }
  }

  /// (channels, height, width) of a level's map, planes.
  func plain(_ level: Int) -> [Float] {
    let map = maps[level]
    let plane = map.height * map.width
    return (0..<map.channels * plane).map { index in
      let (channel, pixel) = index.quotientAndRemainder(dividingBy: plane)
      let block = channel / map.blockChannels * plane + pixel
      return map.base[block * map.blockChannels + channel % map.blockChannels]
    }
  }

  deinit { for base in bases.values { base.deallocate() } }
}
