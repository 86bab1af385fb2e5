// Functions of two floats with broadcasting.
package import Quantities
internal import Glibc

/// A function of two elements of the same type.
package enum BinaryFunction: Sendable, Equatable {
  case add, subtract, multiply, divide, minimum, maximum, power

  /// The definition for floats.
  package func reference(_ a: Float, _ b: Float) -> Float {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : (b < a ? b : a)
    case .maximum: a.isNaN || b.isNaN ? .nan : (b > a ? b : a)
    case .power: powf(a, b)
    }
  }

  /// The definition for integers: wrapping, division truncates, division by zero gives zero.
  package func reference<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer {
    switch self {
    case .add: a &+ b
    case .subtract: a &- b
    case .multiply: a &* b
    case .divide: b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
    case .minimum: Swift.min(a, b)
    case .maximum: Swift.max(a, b)
    case .power: integerPower(a, b)
    }
  }

  /// out = f(a, b) over a broadcast walk of two inputs. `output` may be an input that does not broadcast.
  package func apply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
    walk: BroadcastWalk, executor: any ParallelExecutor
  ) {
    let inner = walk.runLength
    if walk.runCount == 1 {
      let aStride = walk.innerStride(0)
      let bStride = walk.innerStride(1)
      parallelChunks(executor, count: inner, grain: 16384) { start, end in
        applyRun(
          a + start * aStride, aStride, b + start * bStride, bStride, output + start, end - start)
      }
      return
    }
    parallelChunks(executor, count: walk.runCount, grain: max(1, 16384 / inner)) { start, end in
      walk.forEachRun(from: start, to: end) { o, i, j, _ in
        applyRun(a + i, walk.innerStride(0), b + j, walk.innerStride(1), output + o, inner)
      }
    }
  }

  private func applyRun(
    _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
    _ output: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch self {
    case .add: zip(a, aStride, b, bStride, output, count, { $0 + $1 }, reference)
    case .subtract: zip(a, aStride, b, bStride, output, count, { $0 - $1 }, reference)
    case .multiply: zip(a, aStride, b, bStride, output, count, { $0 * $1 }, reference)
    case .divide: zip(a, aStride, b, bStride, output, count, { $0 / $1 }, reference)
    case .power where bStride == 0 && b[0] == 2:
      zip(a, aStride, a, aStride, output, count, { $0 * $1 }, { x, y in x * y })
    case .minimum, .maximum, .power:
      for index in 0..<count { output[index] = reference(a[index * aStride], b[index * bStride]) }
    }
  }
}

@inline(__always)
private func zip(
  _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
  _ output: UnsafeMutablePointer<Float>, _ count: Int,
  _ vector: (Float8, Float8) -> Float8, _ scalar: (Float, Float) -> Float
) {
  var index = 0
  switch (aStride, bStride) {
  case (1, 1):
    while index &+ 8 <= count {
      store(vector(load8(a + index), load8(b + index)), output + index)
      index &+= 8
    }
  case (1, 0):
    let right = Float8(repeating: b[0])
    while index &+ 8 <= count {
      store(vector(load8(a + index), right), output + index)
      index &+= 8
    }
  case (0, 1):
    let left = Float8(repeating: a[0])
    while index &+ 8 <= count {
      store(vector(left, load8(b + index)), output + index)
      index &+= 8
    }
  default: break
  }
  while index < count {
    output[index] = scalar(a[index &* aStride], b[index &* bStride])
    index &+= 1
  }
}

private func integerPower<Integer: FixedWidthInteger>(_ base: Integer, _ exponent: Integer) -> Integer {
  guard exponent > 0 else { return exponent == 0 ? 1 : 0 }
  var result: Integer = 1
  var remaining = exponent
  while remaining > 0 {
    result = result &* base
    remaining -= 1
  }
  return result
}
