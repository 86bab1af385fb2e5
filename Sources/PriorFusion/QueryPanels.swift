import Kernels

/// The queries of both paths, in panels of lanes: (64, lanes) each, scaled by log2(e) because weights are powers of two.
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

  func pixel(_ panel: Int) -> UnsafeMutablePointer<Float> {
    queries.base + panel * 2 * PriorBank.width * lanes
  }

  /// (16, lanes) of one head.
  func head(_ head: Int, _ panel: Int) -> UnsafePointer<Float> {
    UnsafePointer(pixel(panel) + (PriorBank.width + head * PriorBank.headWidth) * lanes)
  }

  /// Lanes of a panel that hold a pixel.
  func valid(_ panel: Int) -> Int { min(lanes, count - panel * lanes) }

  /// The pixels of a panel, (C, lanes), of features (C, N); lanes without a pixel are 0.
  func gather(
    _ panel: Int, of features: UnsafePointer<Float>, into pixels: UnsafeMutablePointer<Float>
  ) {
    let valid = valid(panel)
    for channel in 0..<channels {
      let row = pixels + channel * lanes
      row.update(from: features + channel * count + panel * lanes, count: valid)
      if valid < lanes { (row + valid).update(repeating: 0, count: lanes - valid) }
    }
  }

  /// The way back: writes the pixels of a panel to a map (C, N).
  func scatter(
    _ pixels: UnsafePointer<Float>, panel: Int, into map: UnsafeMutablePointer<Float>
  ) {
    for channel in 0..<channels {
      (map + channel * count + panel * lanes).update(from: pixels + channel * lanes, count: valid(panel))
    }
  }

  /// Projects the pixels (C, lanes) of a panel.
  func project(_ pixels: UnsafePointer<Float>, panel: Int) {
    let target = pixel(panel)
    for row in 0..<2 * PriorBank.width {
      (target + row * lanes).update(repeating: biases.base[row], count: lanes)
    }
    let rows = AttentionKernels.Rows(
      weights.base, count: 2 * PriorBank.width, depth: channels, stride: channels)
    kernels.product(rows, pixels, keep: ones.base, into: target)
  }
}
