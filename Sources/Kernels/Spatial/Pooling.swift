// Pooling of plain planes and of channel-blocked tensors. The naive twin is `referencePooling`.
package import Quantities

/// The taps of a window that lie inside the image along one axis, and how many count with padding.
private struct PoolingTaps {
  let first, end: Int
  /// Taps inside the image or its padding.
  let counted: Int

  @inline(__always)
  init(_ position: Int, stride: Int, dilation: Int, kernel: Int, before: Int, after: Int, length: Int) {
    let start = position &* stride &- before
    first = start >= 0 ? 0 : (dilation &- 1 &- start) / dilation
    end = min(kernel, max(0, (length &- 1 &- start) / dilation &+ 1))
    counted = min(kernel, (length &+ after &- 1 &- start) / dilation &+ 1)
  }
}

extension Window {
  @inline(__always)
  fileprivate func rowTaps(_ y: Int) -> PoolingTaps {
    PoolingTaps(
      y, stride: strideY, dilation: dilationY, kernel: kernelHeight, before: padTop, after: padBottom,
      length: inputHeight)
  }

  @inline(__always)
  fileprivate func columnTaps(_ x: Int) -> PoolingTaps {
    PoolingTaps(
      x, stride: strideX, dilation: dilationX, kernel: kernelWidth, before: padLeft, after: padRight,
      length: inputWidth)
  }

  /// What the sum of a window is divided by.
  @inline(__always)
  fileprivate func divisor(_ function: PoolingFunction, _ rows: PoolingTaps, _ columns: PoolingTaps) -> Float
  {
    if case .average(true) = function { return Float(rows.counted &* columns.counted) }
    return Float(max(1, (rows.end &- rows.first) &* (columns.end &- columns.first)))
  }
}

/// Pools `planes` plain images.
package func poolPlain(
  _ function: PoolingFunction, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
  planes: Int, window w: Window, executor: any ParallelExecutor
) {
  parallelChunks(executor, count: planes * w.outputHeight, grain: max(1, 8192 / w.outputWidth)) {
    start, end in
    for line in start..<end {
      let rows = w.rowTaps(line % w.outputHeight)
      let top = line % w.outputHeight * w.strideY - w.padTop
      let source = input + line / w.outputHeight * w.inputHeight * w.inputWidth
      for x in 0..<w.outputWidth {
        let columns = w.columnTaps(x)
        let left = x &* w.strideX &- w.padLeft
        var maximum = -Float.infinity
        var sum: Float = 0
        for ky in rows.first..<max(rows.first, rows.end) {
          let row = source + ((top &+ ky &* w.dilationY) &* w.inputWidth &+ left)
          for kx in columns.first..<max(columns.first, columns.end) {
            let value = row[kx &* w.dilationX]
            maximum = value <= maximum ? maximum : value
            sum += value
          }
        }
        output[line * w.outputWidth + x] =
          function == .maximum ? maximum : sum / w.divisor(function, rows, columns)
      }
    }
  }
}

/// Pools every block; `blocks` images of (H, W, 8).
package func poolBlocked(
  _ function: PoolingFunction, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
  blocks: Int, window w: Window, executor: any ParallelExecutor
) {
  parallelRows(executor, rows: w.outputHeight, blocks: blocks, width: w.outputWidth) { y, block in
    let rows = w.rowTaps(y)
    let top = y * w.strideY - w.padTop
    let line = block * w.outputHeight + y
    let source = input + block * w.inputHeight * w.inputWidth * 8
    for x in 0..<w.outputWidth {
      let columns = w.columnTaps(x)
      let left = x &* w.strideX &- w.padLeft
      var maximum = Float8(repeating: -.infinity)
      var sum = Float8.zero
      for ky in rows.first..<max(rows.first, rows.end) {
        let row = source + ((top &+ ky &* w.dilationY) &* w.inputWidth &+ left) &* 8
        for kx in columns.first..<max(columns.first, columns.end) {
          let value = load8(row + kx &* w.dilationX &* 8)
          maximum = maximum.replacing(with: value, where: .!(value .<= maximum))
          sum += value
        }
      }
      let result = function == .maximum ? maximum : sum / w.divisor(function, rows, columns)
      store(result, output + (line * w.outputWidth + x) * 8)
    }
  }
}
