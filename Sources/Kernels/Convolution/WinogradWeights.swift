// The transformed and packed filters of Winograd's convolution.
internal import CKernels

/// 36 matrices; those of components that vanish for some input blocks leave these out.
final class WinogradWeights {
  /// One matrix and the input blocks that take part in it: plain memory, so that a run counts no references.
  struct Component {
    /// Panel by panel, (channel of these blocks, lane), or with channels interleaved.
    var matrix: UnsafeMutablePointer<Float>
    var blocks: UnsafePointer<Int32>
    /// Channels of each block.
    var counts: UnsafePointer<Int32>
    var blockCount: Int
    var channelCount: Int

    @inline(__always)
    func packed(_ panel: Panel) -> UnsafePointer<Float> {
      UnsafePointer(matrix + panel.firstChannel * channelCount)
    }
  }

  /// Plain memory too.
  let panels: UnsafeBufferPointer<Panel>
  let components: UnsafeMutablePointer<Component>
  private let storage: UnsafeMutablePointer<Float>
  /// Blocks and counts of components with all blocks, then of those without paired ones.
  private let tables: UnsafeMutablePointer<Int32>

  /// - Parameter weights: (M, C, 3, 3).
  init(
    _ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan, _ input: WinogradInput, _ kernels: MicroKernels
  ) {
    let cover = UnsafeMutableBufferPointer<Panel>.allocate(capacity: (plan.outChannels + 7) / 8)
    let used = Panel.cover(plan.outChannels, kernels)
    panels = UnsafeBufferPointer(rebasing: cover[..<cover.initialize(fromContentsOf: used)])
    let all = Array(0..<input.blockCount)
    let unpaired = all.filter { !input.isPaired($0) }
    let channels = [all, unpaired].map { $0.reduce(0) { $0 + Int(input.counts[$1]) } }
    let sizes = [all, unpaired].map { blocks in
      used.reduce(0) { $0 + $1.lanes * $1.slots(blocks.map { input.counts[$0] }) }
    }
    let size = sizes[0] * 25 + sizes[1] * 11
    storage = FreshMemory.allocate(byteCount: size * 4 + 64)
      .bindMemory(to: Float.self, capacity: size)
    tables = .allocate(capacity: 4 * max(1, all.count))
    for (index, blocks) in [all, unpaired].enumerated() {
      let table = tables + index * 2 * all.count
      for (place, block) in blocks.enumerated() {
        table[place] = Int32(block)
        table[all.count + place] = input.counts[block]
      }
    }
    components = .allocate(capacity: 36)
    var next = storage
    for component in 0..<36 {
      let isPartial = Self.vanishes(component)
      let table = tables + (isPartial ? 2 * all.count : 0)
      let width = channels[isPartial ? 1 : 0]
      (components + component).initialize(
        to: Component(
          matrix: next, blocks: table, counts: table + all.count,
          blockCount: isPartial ? unpaired.count : all.count, channelCount: width))
      next += sizes[isPartial ? 1 : 0]
    }
    pack(weights, plan, input)
  }

  deinit {
    panels.deallocate()
    components.deallocate()
    tables.deallocate()
    storage.deallocate()
  }

  /// Row or column of the point -1.
  private static func vanishes(_ component: Int) -> Bool { component / 6 == 2 || component % 6 == 2 }

  private func pack(_ weights: UnsafePointer<Float>, _ plan: ConvolutionPlan, _ input: WinogradInput) {
    for panel in panels {
      for lane in stride(from: 0, to: panel.lanes, by: 8) {
        var (channel, slot, unpairedSlot) = (0, 0, 0)
        for block in 0..<input.blockCount {
          let (count, isPaired) = (Int(input.counts[block]), input.isPaired(block))
          for index in 0..<panel.slots(count) {
            let filters = index < count ? weights + channel * 9 : nil
            pack(filters, plan, panel, lane: lane, slot, isPaired ? nil : unpairedSlot)
            channel += index < count ? 1 : 0
            slot += 1
            unpairedSlot += isPaired ? 0 : 1
          }
        }
      }
    }
  }

  /// Eight filters of one input channel, zeros for a slot without one; `partial` is the slot in the components that
  /// vanish for others.
  private func pack(
    _ weights: UnsafePointer<Float>?, _ plan: ConvolutionPlan, _ panel: Panel, lane: Int, _ slot: Int,
    _ partial: Int?
  ) {
    let (rows, columns) = (plan.outChannels, plan.inChannels)
    let row = panel.firstChannel + lane
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 36 * 8) { buffer in
      guard let values = buffer.baseAddress else { return }
      values.initialize(repeating: 0, count: 36 * 8)
      if let weights {
        ck_winograd_filters(weights + row * columns * 9, columns * 9, max(0, min(8, rows - row)), values)
      }
      for component in 0..<36 {
        guard let place = Self.vanishes(component) ? partial : slot else { continue }
        let matrix = components[component].matrix + panel.firstChannel * components[component].channelCount
        let source = values + component * 8
        for index in 0..<8 { matrix[panel.place(place, lane + index)] = source[index] }
      }
    }
  }
}
