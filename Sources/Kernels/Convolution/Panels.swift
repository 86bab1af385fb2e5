// How output channels are cut into register panels, and weights laid out for them.
package import CKernels

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

  fileprivate func lanes(_ kind: Int) -> Int {
    Int(kind == 0 ? functions.lanes.0 : kind == 1 ? functions.lanes.1 : functions.lanes.2)
  }

  fileprivate func tile(_ kind: Int) -> ck_tile_function {
    let tiles = functions.tiles
    guard let tile = kind == 0 ? tiles.0 : kind == 1 ? tiles.1 : tiles.2 else {
      preconditionFailure("every panel has its kernel")
    }
    return tile
  }
}

/// Some output channels that one tile computes together.
package struct Panel: Sendable {
  package let firstChannel: Int
  /// Channels, a multiple of eight.
  package let lanes: Int
  /// Whether the weights of two input channels alternate; only the last panel's ever do.
  let isInterleaved: Bool
  /// Runs the panel over neighbouring pixels.
  package let sweep: ck_tile_function

  /// The widest panels that the channels, rounded up to eight, fill.
  package static func cover(_ channels: Int, _ kernels: MicroKernels) -> [Panel] {
    var panels: [Panel] = []
    var first = 0
    while first < channels {
      let left = (channels - first + 7) / 8 * 8
      let kind = (0..<2).first { kernels.lanes($0) <= left } ?? 2
      let lanes = kernels.lanes(kind)
      panels.append(
        Panel(
          firstChannel: first, lanes: lanes, isInterleaved: lanes == Int(kernels.functions.interleavedLanes),
          sweep: kernels.tile(kind)))
      first += lanes
    }
    return panels
  }

  /// Input channels that blocks with so many have room for in the panel's weights.
  func slots(_ counts: some Sequence<Int32>) -> Int {
    counts.reduce(0) { $0 + slots(Int($1)) }
  }

  /// The same of one block.
  func slots(_ count: Int) -> Int { isInterleaved ? (count + 1) / 2 * 2 : count }

  /// Where the weight of one slot and lane lies.
  @inline(__always)
  func place(_ slot: Int, _ lane: Int) -> Int {
    isInterleaved ? slot / 2 * 2 * lanes + 2 * lane + slot % 2 : slot * lanes + lane
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
    storage = FreshMemory.allocate(byteCount: size * 4 + 64)
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
