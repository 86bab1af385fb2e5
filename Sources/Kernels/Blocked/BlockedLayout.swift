// Between plain (C, H, W) and channel-blocked (C/8, H, W, 8).
package import Quantities

/// Plain to blocked; the surplus lanes of the last block become zero.
package func blockChannels(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, channels: Int, plane: Int,
  executor: any ParallelExecutor
) {
  let blocks = (channels + 7) / 8
  parallelChunks(executor, count: blocks, grain: max(1, 4096 / plane)) { start, end in
    for block in start..<end {
      let count = min(8, channels - block * 8)
      let source = input + block * 8 * plane
      let target = output + block * plane * 8
      if count < 8 { target.update(repeating: 0, count: plane * 8) }
      for lane in 0..<count {
        let row = source + lane * plane
        for pixel in 0..<plane { target[pixel &* 8 &+ lane] = row[pixel] }
      }
    }
  }
}

/// Blocked to plain.
package func unblockChannels(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, channels: Int, plane: Int,
  executor: any ParallelExecutor
) {
  parallelChunks(executor, count: channels, grain: max(1, 16384 / plane)) { start, end in
    for channel in start..<end {
      let source = input + channel / 8 * plane * 8 + channel % 8
      let target = output + channel * plane
      for pixel in 0..<plane { target[pixel] = source[pixel &* 8] }
    }
  }
}

/// Eight channel values, zero past the last channel.
@inline(__always)
package func channelLanes(_ values: UnsafePointer<Float>, block: Int, channels: Int) -> Float8 {
  if block &* 8 &+ 8 <= channels { return load8(values + block &* 8) }
  var lanes = Float8.zero
  for lane in 0..<(channels - block * 8) { lanes[lane] = values[block * 8 + lane] }
  return lanes
}

/// output = input * factor[c] + offset[c] on blocked tensors; `offset` nil for zero.
package func scaleBlocked(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, factor: UnsafePointer<Float>,
  offset: UnsafePointer<Float>?, channels: Int, plane: Int, executor: any ParallelExecutor
) {
  parallelChunks(executor, count: (channels + 7) / 8, grain: max(1, 4096 / plane)) { start, end in
    for block in start..<end {
      let scale = channelLanes(factor, block: block, channels: channels)
      let shift = offset.map { channelLanes($0, block: block, channels: channels) } ?? Float8.zero
      let source = input + block * plane * 8
      let target = output + block * plane * 8
      for pixel in 0..<plane {
        store(shift.addingProduct(load8(source + pixel &* 8), scale), target + pixel &* 8)
      }
    }
  }
}

/// Mean over the plane of each channel of a blocked tensor; `output` is plain.
package func averageBlocked(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, channels: Int, plane: Int,
  executor: any ParallelExecutor
) {
  parallelChunks(executor, count: (channels + 7) / 8, grain: max(1, 4096 / plane)) { start, end in
    for block in start..<end {
      let source = input + block * plane * 8
      var total = SIMD8<Double>.zero
      var pixel = 0
      while pixel < plane {
        // Short float sums, joined in double: a mean over a whole image keeps its digits.
        var (a, b) = (Float8.zero, Float8.zero)
        let last = min(plane, pixel + 64)
        while pixel &+ 2 <= last {
          a += load8(source + pixel &* 8)
          b += load8(source + (pixel &* 8 &+ 8))
          pixel &+= 2
        }
        if pixel < last {
          a += load8(source + pixel &* 8)
          pixel &+= 1
        }
        let sum = a + b
        for lane in 0..<8 { total[lane] += Double(sum[lane]) }
      }
      for lane in 0..<min(8, channels - block * 8) {
        output[block * 8 + lane] = Float(total[lane] / Double(plane))
      }
    }
  }
}
