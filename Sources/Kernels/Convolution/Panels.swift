// How output channels are cut into register panels, and weights laid out for them.
package import CKernels
internal import Memory

/// The micro-kernels of one vector width.
package struct MicroKernels: Sendable {
  package let functions: ck_kernels
  package let name: String

  /// For every processor the package is built for.
  package static let portable = MicroKernels(functions: ck_portable, name: "portable")

  /// With vectors of sixteen floats; nil where this processor has none.
  package static let wide: MicroKernels? = ck_wide().map { MicroKernels(functions: $0.pointee, name: "wide") }

  /// The widest that this processor can run.
  package static let ofThisProcessor = wide ?? portable

  /// The widest panel that so many channels, a multiple of eight, fill. Those that end in half a vector are taken where
  /// nothing is left after them.
  fileprivate func widest(_ channels: Int) -> (lanes: Int, tile: ck_tile_function) {
    let (lanes, tiles) = (functions.lanes, functions.tiles)
    let kinds = [
      (lanes.2, tiles.2), (lanes.3, tiles.3), (lanes.0, tiles.0), (lanes.1, tiles.1),
    ]
    for (index, (lanes, tile)) in kinds.enumerated() {
      guard let tile, index < 2 ? lanes == channels : lanes <= channels else { continue }
      return (Int(lanes), tile)
    }
    preconditionFailure("one vector is eight channels or, beside panels of half a vector, sixteen")
  }
}

/// Some output channels that one tile computes together.
package struct Panel: Sendable {
  package let firstChannel: Int
  /// Channels, a multiple of eight.
  package let lanes: Int
  /// Channels in whole vectors; in the half one that may follow, the weights of two input channels alternate. Only the
  /// last panel has one.
  private let wholeLanes: Int
  /// Runs the panel over neighbouring pixels.
  package let sweep: ck_tile_function

  /// The widest panels that the channels, rounded up to eight, fill.
  package static func cover(_ channels: Int, _ kernels: MicroKernels) -> [Panel] {
    var panels: [Panel] = []
    var first = 0
    while first < channels {
      let (lanes, tile) = kernels.widest((channels - first + 7) / 8 * 8)
      let vector = Int(kernels.functions.vectorLanes)
      panels.append(
        Panel(firstChannel: first, lanes: lanes, wholeLanes: lanes / vector * vector, sweep: tile))
      first += lanes
    }
    return panels
  }

  /// Input channels that blocks with so many have room for in the panel's weights.
  func slots(_ counts: some Sequence<Int32>) -> Int {
    counts.reduce(0) { $0 + slots(Int($1)) }
  }

  /// The same of one block.
  func slots(_ count: Int) -> Int { isPaired ? (count + 1) / 2 * 2 : count }

  /// Whether input channels are taken two at a time.
  private var isPaired: Bool { wholeLanes < lanes }

  /// Where the weight of one slot and lane lies.
  @inline(__always)
  func place(_ slot: Int, _ lane: Int) -> Int {
    guard isPaired else { return slot * lanes + lane }
    let (pair, second) = (slot / 2 * 2 * lanes, slot % 2)
    return lane < wholeLanes ? pair + second * wholeLanes + lane : pair + 2 * lane + second
  }
}

/// Weights as (panel, block, tap, channel of the block, lane), or with channels interleaved: in the order the tiles
/// read them.
package final class PackedWeights {
  private let storage: UnsafeMutablePointer<Float>
  private let offsets: [Int]
  private let biases: UnsafeMutablePointer<Float>
  private let biasOffsets: [Int]

  /// - Parameters:
  ///   - weights: (M, C, taps).
  ///   - counts: channels per block, in the order of C.
  package init(
    _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, outChannels: Int, inChannels: Int, taps: Int,
    counts: [Int32], panels: [Panel]
  ) {
    var offsets: [Int] = []
    var biasOffsets: [Int] = []
    var size = 0
    var lanes = 0
    for panel in panels {
      offsets.append(size)
      biasOffsets.append(lanes)
      size += panel.slots(counts) * taps * panel.lanes
      lanes += panel.lanes
    }
    storage = PopulatedMemory.allocate(byteCount: size * 4 + 64)
      .bindMemory(to: Float.self, capacity: size)
    biases = UnsafeMutableRawPointer.allocate(byteCount: lanes * 4 + 64, alignment: 64)
      .bindMemory(to: Float.self, capacity: lanes)
    self.offsets = offsets
    self.biasOffsets = biasOffsets
    for (index, panel) in panels.enumerated() {
      let valid = min(panel.lanes, outChannels - panel.firstChannel)
      let first = bias + panel.firstChannel
      let target = biases + biasOffsets[index]
      target.initialize(repeating: 0, count: panel.lanes)
      target.update(from: first, count: valid)
      Self.pack(
        weights + panel.firstChannel * inChannels * taps, panel, valid: valid, inChannels: inChannels,
        taps: taps, counts: counts, into: storage + offsets[index])
    }
  }

  private static func pack(
    _ weights: UnsafePointer<Float>, _ panel: Panel, valid: Int, inChannels: Int, taps: Int, counts: [Int32],
    into storage: UnsafeMutablePointer<Float>
  ) {
    var target = storage
    var channel = 0
    for count in counts.map(Int.init) {
      let slots = panel.slots(count)
      for tap in 0..<taps {
        for slot in 0..<slots {
          let source = weights + (channel + slot) * taps + tap
          let lanes = slot < count ? valid : 0
          for lane in 0..<lanes { target[panel.place(slot, lane)] = source[lane &* inChannels &* taps] }
          for lane in lanes..<panel.lanes { target[panel.place(slot, lane)] = 0 }
        }
        target += slots * panel.lanes
      }
      channel += count
    }
  }

  deinit {
    storage.deallocate()
    biases.deallocate()
  }

  @inline(__always)
  package func panel(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(storage + offsets[index]) }

  @inline(__always)
  package func bias(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(biases + biasOffsets[index]) }
}
