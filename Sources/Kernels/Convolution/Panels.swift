// How output channels are cut into register panels, and weights laid out for them.

/// The three tile sizes of one vector width.
package struct TileKernel: Sendable {
  package typealias Function =
    @Sendable (DirectTile, UnsafePointer<Float>, DirectEpilogue) -> Void
  package var tile12: Function
  package var tile8: Function
  package var tile4: Function

  package init(tile12: @escaping Function, tile8: @escaping Function, tile4: @escaping Function) {
    self.tile12 = tile12
    self.tile8 = tile8
    self.tile4 = tile4
  }
}

/// The kernels a machine can use: panels of sixteen channels where it has AVX-512, and of eight.
package struct TileKernels: Sendable {
  package var wide: TileKernel
  package var narrow: TileKernel
  package var hasWide: Bool

  /// The portable kernels with a wider set for panels of sixteen.
  package static func with(wide: TileKernel) -> TileKernels {
    TileKernels(wide: wide, narrow: portable.narrow, hasWide: true)
  }

  package static let portable: TileKernels = {
    let narrow = TileKernel(tile12: directTile12, tile8: directTile8, tile4: directTile4)
    return TileKernels(wide: narrow, narrow: narrow, hasWide: false)
  }()
}

/// Some output channels that one tile computes together.
package struct Panel: Sendable {
  package var firstChannel: Int
  package var isWide: Bool
  package var lanes: Int { isWide ? 16 : 8 }

  /// Wide panels as long as at least nine channels remain, then a narrow one.
  package static func cover(_ channels: Int, _ kernels: TileKernels) -> [Panel] {
    var panels: [Panel] = []
    var first = 0
    while first < channels {
      let isWide = kernels.hasWide && channels - first > 8
      panels.append(Panel(firstChannel: first, isWide: isWide))
      first += isWide ? 16 : 8
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
    storage = UnsafeMutableRawPointer.allocate(byteCount: size * 4 + 64, alignment: 64)
      .bindMemory(to: Float.self, capacity: size)
    biases = UnsafeMutableRawPointer.allocate(byteCount: lanes * 4 + 64, alignment: 64)
      .bindMemory(to: Float.self, capacity: lanes)
    self.offsets = offsets
    self.biasOffsets = biasOffsets
    for (index, panel) in panels.enumerated() {
      let valid = min(panel.lanes, outChannels - panel.firstChannel)
      for lane in 0..<panel.lanes {
        biases[biasOffsets[index] + lane] = lane < valid ? bias[panel.firstChannel + lane] : 0
      }
      var target = storage + offsets[index]
      var channel = 0
      for count in counts {
        for tap in 0..<taps {
          for c in 0..<Int(count) {
            for lane in 0..<panel.lanes {
              let row = panel.firstChannel + lane
              target[lane] = lane < valid ? weights[(row * inChannels + channel + c) * taps + tap] : 0
            }
            target += panel.lanes
          }
        }
        channel += Int(count)
      }
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

/// Covers a run of pixels with tiles of twelve, eight and four.
@inline(__always)
func sweep(
  _ kernel: TileKernel, _ start: DirectTile, _ weights: UnsafePointer<Float>, _ first: DirectEpilogue,
  pixels: Int
) {
  var tile = start
  var epilogue = first
  var left = pixels
  while left > 0 {
    let count = left >= 12 ? 12 : left >= 8 ? 8 : min(4, left)
    tile.pixelCount = count
    switch count {
    case 12: kernel.tile12(tile, weights, epilogue)
    case 8: kernel.tile8(tile, weights, epilogue)
    default: kernel.tile4(tile, weights, epilogue)
    }
    tile.offset += count * tile.pixelStride
    epilogue.output += count * 8
    epilogue.residual = epilogue.residual.map { $0 + count * 8 }
    left -= count
  }
}
