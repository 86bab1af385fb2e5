package import Kernels
public import Quantities

/// Prior fusion planned for one bank and one feature shape: F_s to F_o, with what the retrieval says about itself.
///
/// Memory is planned at the beginning; `run` allocates nothing. Results are the same to the bit on any number of
/// threads. Not thread-safe: use it on one thread at a time.
///
/// - Source: RPrDepth, ECCV 2024; docs/bundle.md, "The prior bank".
public final class PriorFusionNetwork {
  public let bank: PriorBank
  /// (C, h, w) of F_s and F_o.
  public let featureShape: [Int]
  /// Of the last run.
  public var statistics: RetrievalStatistics { output.statistics }
  private let panels: QueryPanels
  private let attention: ExactAttention
  private let output: FusionOutput
  private let executor: any ParallelExecutor
  /// Pixels of one panel (C, lanes) and the output's memory, for each part.
  private let scratch: Scratch<Float>
  private let scratchFloats: Int
  private let queue = WorkQueue()

  /// - Parameter featureShape: (C, h, w); C is the bank's.
  public convenience init(_ bank: PriorBank, featureShape: [Int], executor: any ParallelExecutor) {
    self.init(bank, featureShape: featureShape, executor: executor, kernels: .ofThisProcessor)
  }

  package init(
    _ bank: PriorBank, featureShape: [Int], executor: any ParallelExecutor, kernels: MicroKernels
  ) {
    precondition(
      featureShape.count == 3 && featureShape[0] == bank.featureChannels
        && featureShape[1] * featureShape[2] > 0, "features are (C, h, w) with the bank's C")
    self.bank = bank
    self.featureShape = featureShape
    self.executor = executor
    let pixelCount = featureShape[1] * featureShape[2]
    let kernels = AttentionKernels(kernels)
    let blocks = ReferenceBlocks(bank, kernels: kernels)
    panels = QueryPanels(
      bank.querySide, channels: featureShape[0], count: pixelCount, kernels: kernels)
    attention = ExactAttention(blocks, panels, parts: executor.width, kernels: kernels)
    output = FusionOutput(blocks, pixelCount: pixelCount, kernels: kernels)
    scratchFloats = featureShape[0] * kernels.lanes + output.scratchFloats
    scratch = Scratch(count: executor.width * scratchFloats)
  }

  /// Fuses the bank with the features of one image.
  ///
  /// - Parameters:
  ///   - features: F_s (C, h, w).
  ///   - fused: F_o, of the same shape; may be the same memory.
  public func run(_ features: UnsafeBufferPointer<Float>, into fused: UnsafeMutableBufferPointer<Float>) {
    let count = featureShape[0] * panels.count
    guard let source = features.baseAddress, let target = fused.baseAddress, features.count == count,
      fused.count == count
    else { preconditionFailure("features are of another shape than the fusion was planned for") }
    queue.run(units: panels.panelCount, executor) { panel, part in
      let pixels = scratch.base + part * scratchFloats
      panels.gather(panel, of: source, into: pixels)
      panels.project(pixels, panel: panel)
    }
    attention.run(executor)
    queue.run(units: panels.panelCount, executor) { panel, part in
      let pixels = scratch.base + part * scratchFloats
      panels.gather(panel, of: source, into: pixels)
      attention.merge(panel: panel)
      output.finish(
        attention.sums(panel: panel), pixels: pixels, first: panel * panels.lanes,
        valid: panels.valid(panel), scratch: pixels + featureShape[0] * panels.lanes)
      panels.scatter(pixels, panel: panel, into: target)
    }
  }
}
