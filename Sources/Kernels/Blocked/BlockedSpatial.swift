// Resizing and padding of channel-blocked tensors: eight channels at a time.
package import Quantities

/// Tap positions as plain memory, so that a step reads them without touching arrays.
package final class ResizeTable {
  package let lower, upper: UnsafeMutablePointer<Int32>
  package let weight: UnsafeMutablePointer<Float>
  package let count: Int

  package init(_ axis: ResizeAxis) {
    count = axis.lower.count
    lower = .allocate(capacity: count)
    upper = .allocate(capacity: count)
    weight = .allocate(capacity: count)
    lower.initialize(from: axis.lower.map(Int32.init), count: count)
    upper.initialize(from: axis.upper.map(Int32.init), count: count)
    weight.initialize(from: axis.weight, count: count)
  }

  deinit {
    lower.deallocate()
    upper.deallocate()
    weight.deallocate()
  }
}

/// What follows a blocked resize before it is stored.
package struct ResizeEpilogue {
  package var residual: UnsafePointer<Float>?
  package var minimum: Float
  package var maximum: Float

  package init(residual: UnsafePointer<Float>? = nil, minimum: Float = -.infinity, maximum: Float = .infinity)
  {
    self.residual = residual
    self.minimum = minimum
    self.maximum = maximum
  }
}

/// Two-tap separable resize of `blocks` images of (inputHeight, inputWidth, 8).
package func resizeBlocked(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, blocks: Int, inputHeight: Int,
  inputWidth: Int, rows: ResizeTable, columns: ResizeTable, epilogue: ResizeEpilogue,
  executor: any ParallelExecutor
) {
  parallelRows(executor, rows: rows.count, blocks: blocks, width: columns.count) { y, block in
    let line = block * rows.count + y
    let source = input + block * inputHeight * inputWidth * 8
    let top = source + Int(rows.lower[y]) * inputWidth * 8
    let bottom = source + Int(rows.upper[y]) * inputWidth * 8
    let vertical = rows.weight[y]
    let offset = line * columns.count * 8
    for x in 0..<columns.count {
      let l = Int(columns.lower[x]) &* 8
      let u = Int(columns.upper[x]) &* 8
      let horizontal = columns.weight[x]
      var value = mixed(load8(top + l), load8(top + u), horizontal)
      if vertical != 0 {
        value = mixed(value, mixed(load8(bottom + l), load8(bottom + u), horizontal), vertical)
      }
      if let residual = epilogue.residual { value += load8(residual + offset + x &* 8) }
      store(vectorClamp(value, epilogue.minimum, epilogue.maximum), output + offset + x &* 8)
    }
  }
}

@inline(__always)
private func mixed(_ a: Float8, _ b: Float8, _ weight: Float) -> Float8 {
  weight == 0 ? a : a.addingProduct(b - a, Float8(repeating: weight))
}

/// Pads the planes of `blocks` images of (height, width, 8).
package func padBlocked(
  _ mode: BorderMode, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, blocks: Int,
  height: Int, width: Int, pad: (top: Int, left: Int), outputHeight: Int, outputWidth: Int,
  executor: any ParallelExecutor
) {
  parallelRows(executor, rows: outputHeight, blocks: blocks, width: outputWidth) { row, block in
    let source = input + block * height * width * 8
    let target = output + (block * outputHeight + row) * outputWidth * 8
    let y = mode.source(row - pad.top, height)
    for x in 0..<outputWidth {
      if let y, let column = mode.source(x - pad.left, width) {
        store(load8(source + (y &* width &+ column) &* 8), target + x &* 8)
      } else {
        store(Float8.zero, target + x &* 8)
      }
    }
  }
}
