// Separable two-tap resize over plain planes.
package import Quantities

/// Resizes `planes` images of (inputHeight, inputWidth); the axes hold the taps of the output.
package func referenceResize(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, planes: Int,
  inputHeight: Int, inputWidth: Int, rows: ResizeAxis, columns: ResizeAxis, executor: any ParallelExecutor
) {
  let outHeight = rows.lower.count
  let outWidth = columns.lower.count
  parallelChunks(executor, count: planes, grain: max(1, 16384 / max(1, outHeight * outWidth))) { start, end in
    for plane in start..<end {
      let source = input + plane * inputHeight * inputWidth
      let target = output + plane * outHeight * outWidth
      for y in 0..<outHeight {
        let top = source + rows.lower[y] * inputWidth
        let bottom = source + rows.upper[y] * inputWidth
        resizeRow(top, bottom, rows.weight[y], into: target + y * outWidth, columns: columns)
      }
    }
  }
}

private func resizeRow(
  _ top: UnsafePointer<Float>, _ bottom: UnsafePointer<Float>, _ weight: Float,
  into target: UnsafeMutablePointer<Float>, columns: ResizeAxis
) {
  for x in columns.lower.indices {
    let l = columns.lower[x]
    let u = columns.upper[x]
    let t = columns.weight[x]
    // Taps of weight zero are not read, so that a copy keeps infinities as they are.
    let upperRow = t == 0 ? top[l] : top[l] + (top[u] - top[l]) * t
    if weight == 0 {
      target[x] = upperRow
    } else {
      let lowerRow = t == 0 ? bottom[l] : bottom[l] + (bottom[u] - bottom[l]) * t
      target[x] = upperRow + (lowerRow - upperRow) * weight
    }
  }
}
