// Pooling over plain NCHW, one output at a time.
package import Quantities

/// What a pooling window computes.
package enum PoolingFunction: Sendable, Equatable {
  case maximum
  /// With `countsPadding`, padded positions count as zeros in the divisor.
  case average(countsPadding: Bool)
}

/// Pools `planes` images of the window's input size.
package func referencePooling(
  _ function: PoolingFunction, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
  planes: Int, window: Window, executor: any ParallelExecutor
) {
  let w = window
  parallelChunks(executor, count: planes, grain: 1) { start, end in
    for plane in start..<end {
      let source = input + plane * w.inputHeight * w.inputWidth
      let target = output + plane * w.outputHeight * w.outputWidth
      for oy in 0..<w.outputHeight {
        for ox in 0..<w.outputWidth {
          target[oy * w.outputWidth + ox] = pooledValue(function, source, w, oy, ox)
        }
      }
    }
  }
}

private func pooledValue(
  _ function: PoolingFunction, _ source: UnsafePointer<Float>, _ w: Window, _ oy: Int, _ ox: Int
) -> Float {
  var maximum = -Float.infinity
  var sum: Float = 0
  var inside = 0
  var counted = 0
  for ky in 0..<w.kernelHeight {
    let y = oy * w.strideY + ky * w.dilationY - w.padTop
    for kx in 0..<w.kernelWidth {
      let x = ox * w.strideX + kx * w.dilationX - w.padLeft
      if y < w.inputHeight + w.padBottom && x < w.inputWidth + w.padRight { counted += 1 }
      guard y >= 0 && y < w.inputHeight && x >= 0 && x < w.inputWidth else { continue }
      let value = source[y * w.inputWidth + x]
      maximum = value.isNaN || value > maximum ? value : maximum
      sum += value
      inside += 1
    }
  }
  switch function {
  case .maximum: return maximum
  case .average(let countsPadding): return sum / Float(max(1, countsPadding ? counted : inside))
  }
}
