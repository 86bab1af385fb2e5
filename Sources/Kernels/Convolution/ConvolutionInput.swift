// What a fast convolution reads: one or several tensors side by side along the channels, possibly repeated
// pixel by pixel (nearest upsampling), scaled per channel, and extended by a border. None of that is ever
// written to memory as a whole tensor; rows are gathered into a small strip just before they are used.

/// One tensor among a convolution's input channels.
package struct InputSegment: Sendable {
  package var channels: Int
  package var height: Int
  package var width: Int
  /// Each pixel stands for this many rows and columns.
  package var repetition: Int
  /// Channel-blocked (C/8, H, W, 8), or plain (C, H, W).
  package var isBlocked: Bool

  package init(channels: Int, height: Int, width: Int, repetition: Int = 1, isBlocked: Bool) {
    self.channels = channels
    self.height = height
    self.width = width
    self.repetition = repetition
    self.isBlocked = isBlocked
  }

  package var blockCount: Int { (channels + 7) / 8 }
}

/// The shape of a strip: some rows of all channels, bordered, as (block, row, column, 8).
package struct StripShape: Sendable {
  package let segments: [InputSegment]
  package let border: BorderMode
  package let padTop: Int
  package let padLeft: Int
  /// Columns of a strip row, border included.
  package let columns: Int
  /// Size of the tensor the segments stand for.
  package let height: Int
  package let width: Int
  /// Channels in use per block, over all segments.
  package let counts: [Int32]
  /// Where each block comes from: its segment, its index there and its first channel over all segments.
  private let places: [(segment: Int, block: Int, channel: Int)]

  /// - Parameter spareColumns: output pixels of the widest tile that may be partly used.
  package init(segments: [InputSegment], border: BorderMode, window: Window, spareColumns: Int = 4) {
    self.segments = segments
    self.border = border
    padTop = window.padTop
    padLeft = window.padLeft
    height = window.inputHeight
    width = window.inputWidth
    // A last, partly used tile reads fewer than `spareColumns` pixels past the border.
    columns = width + window.padLeft + window.padRight + spareColumns * window.strideX
    var counts: [Int32] = []
    var places: [(segment: Int, block: Int, channel: Int)] = []
    var channel = 0
    for (index, segment) in segments.enumerated() {
      for block in 0..<segment.blockCount {
        let count = min(8, segment.channels - block * 8)
        counts.append(Int32(count))
        places.append((index, block, channel))
        channel += count
      }
    }
    self.counts = counts
    self.places = places
  }

  package var blockCount: Int { counts.count }

  package var channelCount: Int { segments.reduce(0) { $0 + $1.channels } }

  /// Floats of a strip of `rows` rows.
  package func floatCount(rows: Int) -> Int { blockCount * rows * columns * 8 }

  /// Gathers rows `first..<first + rows` (in bordered coordinates: 0 is the top border) into `strip`.
  ///
  /// - Parameters:
  ///   - sources: address of each segment.
  ///   - scale: one factor per input channel over all segments in order, or nil.
  package func gather(
    _ sources: UnsafePointer<UnsafePointer<Float>>, scale: UnsafePointer<Float>?, first: Int, rows: Int,
    into strip: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<blockCount {
      gather(
        block: index, sources, scale: scale, first: first, rows: rows,
        into: strip + index * rows * columns * 8)
    }
  }

  /// Gathers one channel block only: (row, column, 8).
  package func gather(
    block index: Int, _ sources: UnsafePointer<UnsafePointer<Float>>, scale: UnsafePointer<Float>?,
    first: Int, rows: Int, into strip: UnsafeMutablePointer<Float>
  ) {
    let place = places[index]
    let segment = segments[place.segment]
    let count = Int(counts[index])
    let factor = factors(index, scale)
    var target = strip
    for row in 0..<rows {
      if let y = border.source(first + row - padTop, height) {
        let line = RowSource(
          segment, sources[place.segment], block: place.block, count: count, row: y / segment.repetition)
        gatherRow(line, into: target, factor: factor, isScaled: scale != nil)
      } else {
        target.update(repeating: 0, count: columns * 8)
      }
      target += columns * 8
    }
  }

  package func segment(of block: Int) -> InputSegment { segments[places[block].segment] }

  /// A block's part of one factor per channel over all segments; 1 in lanes without a channel, and without `scale`.
  func factors(_ block: Int, _ scale: UnsafePointer<Float>?) -> Float8 {
    var factors = Float8(repeating: 1)
    guard let scale else { return factors }
    for lane in 0..<Int(counts[block]) { factors[lane] = scale[places[block].channel + lane] }
    return factors
  }

  /// A channel-blocked block's pixels, (height, width, 8) of its segment.
  func plane(_ block: Int, _ sources: UnsafePointer<UnsafePointer<Float>>) -> UnsafePointer<Float>? {
    let place = places[block]
    let segment = segments[place.segment]
    guard segment.isBlocked else { return nil }
    return sources[place.segment] + place.block * segment.height * segment.width * 8
  }

  private func gatherRow(
    _ line: RowSource, into target: UnsafeMutablePointer<Float>, factor: Float8, isScaled: Bool
  ) {
    let interior = target + padLeft * 8
    line.copy(to: interior, width: width)
    if isScaled {
      for x in 0..<width { store(load8(interior + x &* 8) * factor, interior + x &* 8) }
    }
    for x in 0..<padLeft { fill(target + x * 8, from: interior, at: x - padLeft) }
    for x in (padLeft + width)..<columns { fill(target + x * 8, from: interior, at: x - padLeft) }
  }

  @inline(__always)
  private func fill(
    _ target: UnsafeMutablePointer<Float>, from interior: UnsafeMutablePointer<Float>, at x: Int
  ) {
    if let source = border.source(x, width) {
      store(load8(interior + source &* 8), target)
    } else {
      store(Float8.zero, target)
    }
  }
}

/// One row of one block of eight channels in its source tensor.
private struct RowSource {
  let base: UnsafePointer<Float>
  let plane: Int
  let count: Int
  let repetition: Int
  let isBlocked: Bool

  @inline(__always)
  init(_ segment: InputSegment, _ source: UnsafePointer<Float>, block: Int, count: Int, row: Int) {
    plane = segment.height * segment.width
    self.count = count
    repetition = segment.repetition
    isBlocked = segment.isBlocked
    base =
      isBlocked
      ? source + (block * plane + row * segment.width) * 8
      : source + block * 8 * plane + row * segment.width
  }

  @inline(__always)
  func copy(to target: UnsafeMutablePointer<Float>, width: Int) {
    switch (isBlocked, repetition) {
    case (true, 1): target.update(from: base, count: width &* 8)
    case (true, 2):
      for x in 0..<(width / 2) {
        let value = load8(base + x &* 8)
        store(value, target + x &* 16)
        store(value, target + (x &* 16 &+ 8))
      }
    case (true, _):
      for x in 0..<width { store(load8(base + x / repetition &* 8), target + x &* 8) }
    case (false, _):
      for x in 0..<width {
        let pixel = target + x &* 8
        let source = base + x / repetition
        for lane in 0..<count { pixel[lane] = source[lane &* plane] }
      }
    }
  }
}
