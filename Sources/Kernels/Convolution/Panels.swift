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

  /// The kernel of one kind of panel; the narrowest panels of the wide kernels are the portable ones.
  fileprivate func tile(_ kind: Int) -> ck_tile_function {
    let tiles = functions.tiles
    return (kind == 0 ? tiles.0 : kind == 1 ? tiles.1 : tiles.2) ?? ck_narrow
  }
}

/// Some output channels that one tile computes together.
package struct Panel: Sendable {
  package let firstChannel: Int
  /// Channels, a multiple of eight.
  package let lanes: Int
  /// Runs the panel over neighbouring pixels.
  package let sweep: ck_tile_function

  /// The widest panels that the channels, rounded up to eight, fill.
  package static func cover(_ channels: Int, _ kernels: MicroKernels) -> [Panel] {
    var panels: [Panel] = []
    var first = 0
    while first < channels {
      let left = (channels - first + 7) / 8 * 8
      let kind = (0..<2).first { kernels.lanes($0) <= left } ?? 2
      panels.append(Panel(firstChannel: first, lanes: kernels.lanes(kind), sweep: kernels.tile(kind)))
      first += kernels.lanes(kind)
    }
    return panels
  }
}

/// Weights as (panel, block, tap, channel of the block, lane), in the order the tiles read them.
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
      size += inChannels * taps * panel.lanes
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
        weights + panel.firstChannel * inChannels * taps, valid: valid, lanes: panel.lanes,
        inChannels: inChannels, taps: taps, counts: counts, into: storage + offsets[index])
    }
  }

  private static func pack(
    _ weights: UnsafePointer<Float>, valid: Int, lanes: Int, inChannels: Int, taps: Int, counts: [Int32],
    into storage: UnsafeMutablePointer<Float>
  ) {
    var target = storage
    var channel = 0
    for count in counts {
      for tap in 0..<taps {
        for c in 0..<Int(count) {
          let source = weights + (channel + c) * taps + tap
          for lane in 0..<valid { target[lane] = source[lane &* inChannels &* taps] }
          for lane in valid..<lanes { target[lane] = 0 }
          target += lanes
        }
      }
      channel += Int(count)
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
