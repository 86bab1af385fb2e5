import Kernels

/// Features in memory: (C / blockChannels, h, w, blockChannels), C rounded up.
struct FeatureMap {
  let base: UnsafeMutablePointer<Float>
  let blockChannels: Int

  /// The first pixel of a channel; the others follow `blockChannels` apart.
  @inline(__always)
  func channel(_ channel: Int, pixels: Int) -> UnsafeMutablePointer<Float> {
    base + channel / blockChannels * pixels * blockChannels + channel % blockChannels
  }
}

/// The queries of both paths, in panels of lanes: (64, lanes) each, scaled by log2(e) because weights are powers of
/// two.
struct QueryPanels {
  let channels: Int
  /// N: pixels of a feature map.
  let count: Int
  let lanes: Int
  private let kernels: AttentionKernels
  /// (128, C): both projections, and (128): their biases.
  private let weights: Scratch<Float>
  private let biases: Scratch<Float>
  private let ones: Scratch<Float>
  private let queries: Scratch<Float>

  init(_ side: PriorBank.QuerySide, channels: Int, count: Int, kernels: AttentionKernels) {
    self.channels = channels
    self.count = count
    self.kernels = kernels
    lanes = kernels.lanes
    let log2e: Float = 1.442_695_04
    weights = Scratch((side.pixelWeight + side.headsWeight).map { $0 * log2e })
    biases = Scratch((side.pixelBias + side.headsBias).map { $0 * log2e })
    ones = Scratch([Float](repeating: 1, count: lanes))
    queries = Scratch(count: (count + lanes - 1) / lanes * 2 * PriorBank.width * lanes)
  }

  var panelCount: Int { (count + lanes - 1) / lanes }

  /// (2 x 64, lanes) of a panel: the pixel-wise queries, then the heads'.
  private func both(_ panel: Int) -> UnsafeMutablePointer<Float> {
    queries.base + panel * 2 * PriorBank.width * lanes
  }

  /// (keyWidth, lanes) of one path.
  func query(_ path: AttentionPath, _ panel: Int) -> UnsafePointer<Float> {
    let first = path == .pixel ? 0 : PriorBank.width + path.firstColumn
    return UnsafePointer(both(panel) + first * lanes)
  }

  /// Lanes of a panel that hold a pixel.
  func valid(_ panel: Int) -> Int { min(lanes, count - panel * lanes) }

  /// The pixels of a panel, (C, lanes); lanes without a pixel are 0.
  func gather(_ panel: Int, of map: FeatureMap, into pixels: UnsafeMutablePointer<Float>) {
    let valid = valid(panel)
    if valid < lanes { pixels.update(repeating: 0, count: channels * lanes) }
    for channel in 0..<channels {
      let source = map.channel(channel, pixels: count) + panel * lanes * map.blockChannels
      let row = pixels + channel * lanes
      for lane in 0..<valid { row[lane] = source[lane &* map.blockChannels] }
    }
  }

  /// The way back: writes the pixels of a panel to the map.
  func scatter(_ pixels: UnsafePointer<Float>, panel: Int, into map: FeatureMap) {
    let valid = valid(panel)
    for channel in 0..<channels {
      let target = map.channel(channel, pixels: count) + panel * lanes * map.blockChannels
      let row = pixels + channel * lanes
      for lane in 0..<valid { target[lane &* map.blockChannels] = row[lane] }
    }
  }

  /// Projects the pixels (C, lanes) of a panel.
  func project(_ pixels: UnsafePointer<Float>, panel: Int) {
    let target = both(panel)
    for row in 0..<2 * PriorBank.width {
      (target + row * lanes).update(repeating: biases.base[row], count: lanes)
    }
    let rows = AttentionKernels.Rows(
      weights.base, count: 2 * PriorBank.width, depth: channels, stride: channels)
    kernels.forFirst(lanes: valid(panel)).product(rows, pixels, keep: ones.base, into: target)
  }
}
