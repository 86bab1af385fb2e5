// Softmax and layer normalisation over contiguous or strided rows.
package import Quantities

/// Softmax along an axis of `count` elements `step` apart; `outer` * `step` independent rows.
package func softmax(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
  outer: Int, count: Int, step: Int, executor: any ParallelExecutor
) {
  parallelChunks(executor, count: outer * step, grain: max(1, 8192 / max(1, count))) { start, end in
    for row in start..<end {
      let base = row / step * count * step + row % step
      softmaxRow(input + base, output + base, count, step)
    }
  }
}

private func softmaxRow(
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int, _ step: Int
) {
  var largest = -Float.infinity
  for index in 0..<count {
    let value = input[index &* step]
    largest = value > largest || value.isNaN ? value : largest
  }
  for index in 0..<count { output[index &* step] = input[index &* step] - largest }
  if step == 1 {
    UnaryFunction.exp.apply(output, into: output, count: count)
  } else {
    for index in 0..<count {
      output[index &* step] = vectorExp(Float8(repeating: output[index &* step]))[0]
    }
  }
  var sum: Float = 0
  for index in 0..<count { sum += output[index &* step] }
  let factor = 1 / sum
  for index in 0..<count { output[index &* step] *= factor }
}

/// (x - mean) / sqrt(variance + epsilon) * scale + bias over rows of `count` contiguous elements.
///
/// - Parameter scale: one value per element of a row; `bias` the same, or nil for zero.
package func layerNormalization(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, rows: Int, count: Int,
  scale: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float, executor: any ParallelExecutor
) {
  parallelChunks(executor, count: rows, grain: max(1, 8192 / max(1, count))) { start, end in
    for row in start..<end {
      let x = input + row * count
      let y = output + row * count
      let moments = rowMoments(x, count)
      let factor = 1 / (moments.variance + epsilon).squareRoot()
      for index in 0..<count {
        let normalized = (x[index] - moments.mean) * factor
        y[index] = normalized * (scale.map { $0[index] } ?? 1) + (bias.map { $0[index] } ?? 0)
      }
    }
  }
}

/// Mean and population variance of a row.
@inline(__always)
package func rowMoments(_ x: UnsafePointer<Float>, _ count: Int) -> (mean: Float, variance: Float) {
  let mean =
    rowSum(count) {
      load8(x + $0)
    } scalar: {
      x[$0]
    } / Float(count)
  let center = Float8(repeating: mean)
  let squares = rowSum(count) {
    let d = load8(x + $0) - center
    return d * d
  } scalar: {
    (x[$0] - mean) * (x[$0] - mean)
  }
  return (mean, squares / Float(count))
}

@inline(__always)
private func rowSum(_ count: Int, vector: (Int) -> Float8, scalar: (Int) -> Float) -> Float {
  var lanes = Float8.zero
  var index = 0
  while index &+ 8 <= count {
    lanes += vector(index)
    index &+= 8
  }
  var sum = lanes.sum()
  while index < count {
    sum += scalar(index)
    index &+= 1
  }
  return sum
}
