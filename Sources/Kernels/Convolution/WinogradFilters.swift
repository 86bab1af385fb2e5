// The filters of Winograd's convolution: kept as they are in the file, transformed anew by every run.
internal import CKernels
internal import Memory

/// 3x3 filters, packed for the panels that they are multiplied in.
///
/// Transformed filters are four times as large. Kept, they would be what fills the memory of a small network,
/// and a run would read them from there; transformed just before they are used they are in the cache.
final class WinogradFilters {
  /// A panel and where its filters lie.
  struct PackedPanel {
    var panel: Panel
    /// Nine times a component's matrix, one tap each, `tapStride` apart.
    var taps: UnsafeMutablePointer<Float>
    /// Floats of the matrix of one component.
    var tapStride: Int
    /// Floats from one component to the next after the transform: some more, because components whole pages apart would
    /// drive each other from the cache.
    var size: Int { tapStride + 16 }
    /// Where the panel's matrices begin, in units of components, when those of all panels are kept.
    var start: Int
    var stretches: UnsafeBufferPointer<Stretch>
  }

  /// Floats of neighbouring blocks, all of which take part in the components that vanish for others, or none.
  struct Stretch {
    var start, count: Int
    /// The place in those components, -1 for none.
    var partialStart: Int
  }

  /// Input blocks that take part in a component: plain memory, so that a run counts no references.
  struct Participants {
    var blocks: UnsafePointer<Int32>
    /// Channels of each block.
    var counts: UnsafePointer<Int32>
    var blockCount: Int
  }

  /// Plain memory too.
  let panels: UnsafeBufferPointer<PackedPanel>
  /// Floats of one transformed component of all panels, and of the widest panel.
  let size, largestSize: Int
  /// The blocks that most components need, and those that take part in the components that vanish for paired ones.
  let all, unpaired: Participants
  private let transform: ck_winograd_filters
  private let storage: UnsafeMutablePointer<Float>
  private let tables: UnsafeMutablePointer<Int32>
  private let stretches: UnsafeMutablePointer<Stretch>

  /// - Parameter weights: (M, C, 3, 3).
  init(
    _ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan, _ input: WinogradInput, _ kernels: MicroKernels
  ) {
    transform = kernels.functions.winogradFilters
    let cover = Panel.cover(plan.outChannels, kernels)
    let sizes = cover.map { $0.lanes * $0.slots(input.counts) }
    let floats = sizes.reduce(0, +)
    size = floats + 16 * sizes.count
    largestSize = (sizes.max() ?? 0) + 16
    storage = PopulatedMemory.allocate(byteCount: floats * 9 * 4 + 64)
      .bindMemory(to: Float.self, capacity: floats * 9)
    let blockCount = input.blockCount
    tables = .allocate(capacity: 4 * max(1, blockCount))
    all = Self.participants(Array(0..<blockCount), input, tables)
    unpaired = Self.participants(
      (0..<blockCount).filter { !input.isPaired($0) }, input, tables + 2 * blockCount)
    stretches = .allocate(capacity: max(1, blockCount * cover.count))
    let packed = UnsafeMutableBufferPointer<PackedPanel>.allocate(capacity: cover.count)
    var (start, place) = (0, 0)
    for (index, panel) in cover.enumerated() {
      let own = UnsafeMutableBufferPointer(start: stretches + place, count: blockCount)
      let count = own.initialize(fromContentsOf: Self.stretches(panel, input))
      packed.initializeElement(
        at: index,
        to: PackedPanel(
          panel: panel, taps: storage + start * 9, tapStride: sizes[index], start: start + 16 * index,
          stretches: UnsafeBufferPointer(rebasing: own[..<count])))
      (start, place) = (start + sizes[index], place + count)
    }
    panels = UnsafeBufferPointer(packed)
    for panel in panels { pack(weights, plan, input, panel) }
  }

  deinit {
    panels.deallocate()
    stretches.deallocate()
    tables.deallocate()
    storage.deallocate()
  }

  /// Whether a component is in the row or column of the point -1, and so zero for paired blocks.
  @inline(__always)
  static func vanishes(_ component: Int) -> Bool { component / 6 == 2 || component % 6 == 2 }

  /// Transforms some rows of a panel's components, one component after the other into `matrices`.
  func transform(_ packed: PackedPanel, rows: Range<Int>, into matrices: UnsafeMutablePointer<Float>) {
    for stretch in packed.stretches {
      transform(
        packed.taps + stretch.start, packed.tapStride, stretch.count, rows.lowerBound, rows.count,
        matrices + stretch.start, stretch.partialStart < 0 ? nil : matrices + stretch.partialStart,
        packed.size)
    }
  }

  private static func participants(
    _ blocks: [Int], _ input: WinogradInput, _ table: UnsafeMutablePointer<Int32>
  ) -> Participants {
    for (place, block) in blocks.enumerated() {
      table[place] = Int32(block)
      table[blocks.count + place] = input.counts[block]
    }
    return Participants(blocks: table, counts: table + blocks.count, blockCount: blocks.count)
  }

  private static func stretches(_ panel: Panel, _ input: WinogradInput) -> [Stretch] {
    var found: [Stretch] = []
    var (start, partial) = (0, 0)
    for block in 0..<input.blockCount {
      let count = panel.slots(Int(input.counts[block])) * panel.lanes
      let isPaired = input.isPaired(block)
      if let last = found.last, (last.partialStart < 0) == isPaired {
        found[found.count - 1].count += count
      } else {
        found.append(Stretch(start: start, count: count, partialStart: isPaired ? -1 : partial))
      }
      start += count
      partial += isPaired ? 0 : count
    }
    return found
  }

  /// Zeros for lanes and slots without a filter.
  private func pack(
    _ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan, _ input: WinogradInput, _ packed: PackedPanel
  ) {
    let (panel, channels) = (packed.panel, plan.inChannels)
    packed.taps.initialize(repeating: 0, count: packed.tapStride * 9)
    let lanes = min(panel.lanes, plan.outChannels - panel.firstChannel)
    var (channel, slot) = (0, 0)
    for count in input.counts.map(Int.init) {
      for index in 0..<count {
        for lane in 0..<lanes {
          let filter = weights + ((panel.firstChannel + lane) * channels + channel + index) * 9
          let target = packed.taps + panel.place(slot + index, lane)
          for tap in 0..<9 { target[tap &* packed.tapStride] = filter[tap] }
        }
      }
      channel += count
      slot += panel.slots(count)
    }
  }
}
