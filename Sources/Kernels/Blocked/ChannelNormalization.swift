// Layer normalisation over the channels of each pixel of a channel-blocked tensor.
package import Quantities

/// (x - mean) / sqrt(variance + epsilon) * scale + bias, with mean and variance over the channels of a pixel.
/// The naive twin, on rows of channels, is `layerNormalization`.
///
/// - Parameters:
///   - input: (channels / 8, plane, 8), as is `output`; what the surplus lanes hold does not matter.
///   - scale: one value per channel; `bias` the same.
package func normalizeChannels(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, channels: Int, plane: Int,
  scale: UnsafePointer<Float>, bias: UnsafePointer<Float>, epsilon: Float, executor: any ParallelExecutor
) {
  let blocks = (channels + 7) / 8
  let surplus = blocks * 8 - channels
  var used = SIMDMask<SIMD8<Int32>>(repeating: true)
  for lane in (8 - surplus)..<8 { used[lane] = false }
  let mask = used
  parallelChunks(executor, count: plane, grain: max(1, 8192 / channels)) { start, end in
    for pixel in start..<end {
      let x = input + pixel * 8
      let y = output + pixel * 8
      @inline(__always)
      func value(_ block: Int, minus center: Float) -> Float8 {
        let value = load8(x + block &* plane &* 8) - center
        return block &+ 1 < blocks ? value : Float8.zero.replacing(with: value, where: mask)
      }
      var sum = Float8.zero
      for block in 0..<blocks { sum += value(block, minus: 0) }
      let mean = sum.sum() / Float(channels)
      var squares = Float8.zero
      for block in 0..<blocks {
        let difference = value(block, minus: mean)
        squares += difference * difference
      }
      let variance = squares.sum() / Float(channels)
      let factor = 1 / (variance + epsilon).squareRoot()
      for block in 0..<blocks {
        let gain = channelLanes(scale, block: block, channels: channels) * factor
        let shift = channelLanes(bias, block: block, channels: channels)
        store(shift.addingProduct(value(block, minus: mean), gain), y + block &* plane &* 8)
      }
    }
  }
}
