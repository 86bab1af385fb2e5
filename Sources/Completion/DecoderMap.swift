import Kernels
import Quantities

/// A decoder input in memory, to be changed in place: (channels, height, width), channels in blocks.
public struct DecoderMap {
  public let base: UnsafeMutablePointer<Float>
  public let channels: Int
  public let height: Int
  public let width: Int
  /// Channels whose values lie side by side for each pixel; 1 = planes. Surplus channels of the last block may hold
  /// anything.
  public let blockChannels: Int

  public init(
    base: UnsafeMutablePointer<Float>, channels: Int, height: Int, width: Int, blockChannels: Int = 1
  ) {
    self.base = base
    self.channels = channels
    self.height = height
    self.width = width
    self.blockChannels = blockChannels
  }

  private var floatCount: Int {
    (channels + blockChannels - 1) / blockChannels * blockChannels * height * width
  }

  /// K <- factor K + offset, everywhere.
  func scale(by factor: Float, adding offset: Float, executor: any ParallelExecutor) {
    guard factor != 1 || offset != 0 else { return }
    parallelChunks(executor, count: floatCount, grain: 16384) { start, end in
      for index in start..<end { base[index] = base[index] * factor + offset }
    }
  }

  /// K <- K + P at the cells of a list, each cell covering `enlargement` rows and columns.
  /// - Parameter addition: P (cells.count, channels).
  func add(
    _ addition: UnsafePointer<Float>, at cells: CellList, enlargement: Int, executor: any ParallelExecutor
  ) {
    parallelChunks(executor, count: cells.count, grain: 64) { start, end in
      for place in start..<end {
        let row = Int(cells.rows[place]) * enlargement
        let column = Int(cells.columns[place]) * enlargement
        for y in row..<row + enlargement {
          for x in column..<column + enlargement { add(addition + place * channels, y * width + x) }
        }
      }
    }
  }

  @inline(__always)
  private func add(_ values: UnsafePointer<Float>, _ pixel: Int) {
    var channel = 0
    var block = base + pixel &* blockChannels
    while channel < channels {
      let count = min(blockChannels, channels &- channel)
      for lane in 0..<count { block[lane] += values[channel &+ lane] }
      channel &+= count
      block += height &* width &* blockChannels
    }
  }
}
