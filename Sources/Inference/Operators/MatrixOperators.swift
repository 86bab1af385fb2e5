// Matrix products.
internal import Kernels

enum MatrixOperators {
  static let all: [OperatorDefinition] = [
    OperatorDefinition("MatMul", lowerMatMul), OperatorDefinition("Gemm", lowerGemm),
  ]

  /// NumPy's matmul: vectors are promoted, leading axes broadcast.
  @Sendable
  private static func lowerMatMul(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let left = try node.floatType(0).shape
    let right = try node.floatType(1).shape
    guard let first = left.last, !right.isEmpty else { throw node.mismatch("a scalar has no matrix product") }
    let a = left.count == 1 ? [1, first] : left
    let b = right.count == 1 ? [right[0], 1] : right
    let (m, k, n) = (a[a.count - 2], a[a.count - 1], b[b.count - 1])
    guard b[b.count - 2] == k, let batch = broadcastShape(Array(a.dropLast(2)), Array(b.dropLast(2))) else {
      throw node.mismatch("shapes \(left) and \(right) do not multiply")
    }
    var shape = batch
    if left.count > 1 { shape.append(m) }
    if right.count > 1 { shape.append(n) }
    let walk = BroadcastWalk(
      output: batch + [1], inputs: [Array(a.dropLast(2)) + [1], Array(b.dropLast(2)) + [1]])
    var pairs: [(Int, Int)] = []
    walk.forEachRun(from: 0, to: walk.runCount) { _, i, j, _ in
      for index in 0..<walk.runLength {
        pairs.append((i + index * walk.innerStride(0), j + index * walk.innerStride(1)))
      }
    }
    let products = pairs
    return Lowering(
      [TensorType(.float32, shape)],
      .matrixMultiply { inputs, outputs in
        guard let x = inputs[0]?.assumingMemoryBound(to: Float.self),
          let y = inputs[1]?.assumingMemoryBound(to: Float.self)
        else { return { _ in } }
        let z = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          for (index, pair) in products.enumerated() {
            matrixMultiply(
              MatrixOperand(x + pair.0 * m * k, leading: k), MatrixOperand(y + pair.1 * k * n, leading: n),
              into: z + index * m * n, m: m, n: n, k: k, executor: executor)
          }
        }
      })
  }

  @Sendable
  private static func lowerGemm(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let a = try node.floatType(0).shape
    let b = try node.floatType(1).shape
    guard a.count == 2, b.count == 2 else { throw node.mismatch("operands \(a) and \(b) are not matrices") }
    let transA = node.int("transA") == 1
    let transB = node.int("transB") == 1
    let (m, k) = transA ? (a[1], a[0]) : (a[0], a[1])
    let n = transB ? b[0] : b[1]
    guard (transB ? b[1] : b[0]) == k else { throw node.mismatch("matrices \(a) and \(b) do not multiply") }
    let alpha = node.float("alpha") ?? 1
    let beta = node.float("beta") ?? 1
    var biasWalk: BroadcastWalk?
    if node.has(2) {
      let bias = try node.floatType(2).shape
      guard broadcastShape(bias, [m, n]) == [m, n] else {
        throw node.mismatch("bias \(bias) does not broadcast to \([m, n])")
      }
      biasWalk = BroadcastWalk(output: [m, n], inputs: [[m, n], bias])
    }
    let walk = biasWalk
    return Lowering(
      [TensorType(.float32, [m, n])],
      .general { inputs, outputs in
        guard let x = inputs[0]?.assumingMemoryBound(to: Float.self),
          let y = inputs[1]?.assumingMemoryBound(to: Float.self)
        else { return { _ in } }
        let bias = inputs.count > 2 ? inputs[2]?.assumingMemoryBound(to: Float.self) : nil
        let z = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          if let bias, let walk {
            // c = beta * bias first, then the product adds to it.
            walk.forEachRun(from: 0, to: walk.runCount) { o, _, j, _ in
              for index in 0..<walk.runLength { z[o + index] = beta * bias[j + index * walk.innerStride(1)] }
            }
          }
          matrixMultiply(
            MatrixOperand(x, leading: a[1], isTransposed: transA),
            MatrixOperand(y, leading: b[1], isTransposed: transB), into: z, m: m, n: n, k: k, alpha: alpha,
            beta: bias == nil ? 0 : 1, executor: executor)
        }
      })
  }
}
