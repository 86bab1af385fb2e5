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
  /// What the search truly is: small banks are always searched exactly.
  public let search: PriorSearch
  private let attention: any PanelAttention
  private let output: FusionOutput
  private let executor: any ParallelExecutor
  private let pixels: Scratch<Float>
  private let scratch: Scratch<Float>
  private let queue: WorkQueue

  /// - Parameters:
  ///   - featureShape: (C, h, w); C is the bank's.
  ///   - search: a two-level search groups the bank's references first, which takes a fraction of a second.
  public convenience init(
    _ bank: PriorBank, featureShape: [Int], executor: any ParallelExecutor, search: PriorSearch = .exact
  ) {
    self.init(
      bank, featureShape: featureShape, executor: executor, search: search, kernels: .ofThisProcessor)
  }

  package init(
    _ bank: PriorBank, featureShape: [Int], executor: any ParallelExecutor, search: PriorSearch = .exact,
    kernels: MicroKernels
  ) {
    precondition(
      featureShape.count == 3 && featureShape[0] == bank.featureChannels
        && featureShape[1] * featureShape[2] > 0, "features are (C, h, w) with the bank's C")
    self.bank = bank
    self.featureShape = featureShape
    self.executor = executor
    queue = WorkQueue(parts: executor.width)
    let pixelCount = featureShape[1] * featureShape[2]
    let kernels = AttentionKernels(kernels)
    let blocks = ReferenceBlocks(bank, kernels: kernels)
    panels = QueryPanels(
      bank.querySide, channels: featureShape[0], count: pixelCount, kernels: kernels)
    self.search = bank.count < TwoLevelAttention.fewestReferences ? .exact : search
    attention =
      switch self.search {
      case .exact: ExactAttention(blocks, panels, parts: executor.width, kernels: kernels)
      case .twoLevel: TwoLevelAttention(blocks, panels, parts: executor.width, kernels: kernels)
      }
    output = FusionOutput(blocks, pixelCount: pixelCount, kernels: kernels)
    pixels = Scratch(count: panels.panelCount * featureShape[0] * kernels.lanes)
    scratch = Scratch(count: executor.width * output.scratchFloats)
  }

  /// Fuses the bank with the features of one image: F_s becomes F_o in place.
  ///
  /// - Parameters:
  ///   - features: (C / blockChannels, h, w, blockChannels), C rounded up; what the surplus channels hold stays.
  ///   - blockChannels: channels side by side per pixel; 1 for plain (C, h, w).
  public func run(_ features: UnsafeMutablePointer<Float>, blockChannels: Int = 1) {
    let map = FeatureMap(base: features, blockChannels: blockChannels)
    queue.run(units: panels.panelCount, executor) { panel, _ in
      panels.gather(panel, of: map, into: pixels(panel))
      panels.project(pixels(panel), panel: panel)
    }
    attention.run(executor)
    queue.run(units: panels.panelCount, executor) { panel, part in
      attention.merge(panel: panel)
      output.finish(
        attention.sums(panel: panel), pixels: pixels(panel), first: panel * panels.lanes,
        valid: panels.valid(panel), scratch: scratch.base + part * output.scratchFloats)
      panels.scatter(pixels(panel), panel: panel, into: map)
    }
  }

  /// (C, lanes): F_s of a panel until it becomes F_o.
  private func pixels(_ panel: Int) -> UnsafeMutablePointer<Float> {
    pixels.base + panel * featureShape[0] * panels.lanes
  }
}
