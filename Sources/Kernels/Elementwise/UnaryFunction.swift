// Functions of one float: the scalar definition (reference) and the same on eight lanes.
internal import CKernels
package import Quantities
internal import Glibc

/// A function applied to each element. NaN in, NaN out, for every case.
package enum UnaryFunction: Sendable, Equatable {
  case relu
  case leakyRelu(slope: Float)
  case elu(alpha: Float)
  case sigmoid
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  case clip(minimum: Float, maximum: Float)
  case tanh, erf, exp, log, sqrt, abs, negate, reciprocal, floor, ceil, gelu, geluTanh, softplus
  /// x * factor + offset.
  case affine(factor: Float, offset: Float)
}

extension UnaryFunction {
  /// The definition, one element at a time, with the C library's functions.
  package func reference(_ x: Float) -> Float {
    switch self {
    case .relu: x < 0 ? 0 : x
    case .leakyRelu(let slope): x < 0 ? x * slope : x
    case .elu(let alpha): x < 0 ? alpha * expm1f(x) : x
    case .sigmoid: 1 / (1 + expf(-x))
    case .hardSigmoid(let alpha, let beta): clamp(alpha * x + beta, 0, 1)
    case .hardSwish: x * clamp(x / 6 + 0.5, 0, 1)
    case .clip(let minimum, let maximum): clamp(x, minimum, maximum)
    case .tanh: tanhf(x)
    case .erf: erff(x)
    case .exp: expf(x)
    case .log: logf(x)
    case .sqrt: x.squareRoot()
    case .abs: Swift.abs(x)
    case .negate: -x
    case .reciprocal: 1 / x
    case .floor: floorf(x)
    case .ceil: ceilf(x)
    case .gelu: 0.5 * x * (1 + erff(x * 0.707_106_77))
    case .geluTanh: 0.5 * x * (1 + tanhf(0.797_884_56 * (x + 0.044_715 * x * x * x)))
    case .softplus: x > 20 ? x : log1pf(expf(x))
    case .affine(let factor, let offset): x * factor + offset
    }
  }

  /// Applies the function to `count` elements. `output` may be `input`.
  package func apply(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    kernels: MicroKernels = .ofThisProcessor
  ) {
    switch self {
    case .relu: map(input, output, count) { $0.replacing(with: Float8.zero, where: $0 .< 0) }
    case .leakyRelu(let slope):
      map(input, output, count) { $0.replacing(with: $0 * slope, where: $0 .< 0) }
    case .elu(let alpha): kernels.functions.elu(input, output, count, alpha)
    case .sigmoid: kernels.functions.sigmoid(input, output, count, 0)
    case .gelu: kernels.functions.gelu(input, output, count, 0)
    case .hardSigmoid(let alpha, let beta):
      map(input, output, count) { vectorClamp($0 * alpha + beta, 0, 1) }
    case .hardSwish: map(input, output, count) { $0 * vectorClamp($0 * (1.0 / 6) + 0.5, 0, 1) }
    case .clip(let minimum, let maximum):
      map(input, output, count) { vectorClamp($0, minimum, maximum) }
    case .tanh: map(input, output, count) { vectorTanh($0) }
    case .erf: map(input, output, count) { vectorErf($0) }
    case .exp: map(input, output, count) { vectorExp($0) }
    case .sqrt: map(input, output, count) { $0.squareRoot() }
    case .abs: map(input, output, count) { $0.replacing(with: Float8.zero - $0, where: $0 .<= 0) }
    case .negate: map(input, output, count) { -$0 }
    case .reciprocal: map(input, output, count) { Float8(repeating: 1) / $0 }
    case .floor: map(input, output, count) { $0.rounded(.down) }
    case .ceil: map(input, output, count) { $0.rounded(.up) }
    case .geluTanh:
      map(input, output, count) { x in
        x * 0.5 * (vectorTanh((x + x * x * x * 0.044_715) * 0.797_884_56) + 1)
      }
    case .affine(let factor, let offset):
      map(input, output, count) {
        Float8(repeating: offset).addingProduct($0, Float8(repeating: factor))
      }
    case .log, .softplus:
      for index in 0..<count { output[index] = reference(input[index]) }
    }
  }

  /// The same, shared over the executor's threads.
  package func apply(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    executor: any ParallelExecutor
  ) {
    parallelChunks(executor, count: count, grain: 16384) { start, end in
      apply(input + start, into: output + start, count: end - start)
    }
  }
}

/// Keeps NaN, unlike `min` and `max`.
@inline(__always)
private func clamp(_ x: Float, _ minimum: Float, _ maximum: Float) -> Float {
  let raised = x < minimum ? minimum : x
  return raised > maximum ? maximum : raised
}

@inline(__always)
package func vectorClamp(_ x: Float8, _ minimum: Float, _ maximum: Float) -> Float8 {
  let raised = x.replacing(with: Float8(repeating: minimum), where: x .< Float8(repeating: minimum))
  return raised.replacing(with: Float8(repeating: maximum), where: raised .> Float8(repeating: maximum))
}

@inline(__always)
private func map(
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int,
  _ function: (Float8) -> Float8
) {
  var index = 0
  while index &+ 8 <= count {
    store(function(load8(input + index)), output + index)
    index &+= 8
  }
  guard index < count else { return }
  var tail = Float8(repeating: 1)
  for lane in 0..<(count - index) { tail[lane] = input[index + lane] }
  let result = function(tail)
  for lane in 0..<(count - index) { output[index + lane] = result[lane] }
}

/// Eight consecutive floats; any alignment.
@inlinable @inline(__always)
package func load8(_ pointer: UnsafePointer<Float>) -> Float8 {
  UnsafeRawPointer(pointer).loadUnaligned(as: Float8.self)
}

@inlinable @inline(__always)
package func load8(_ pointer: UnsafeMutablePointer<Float>) -> Float8 {
  UnsafeRawPointer(pointer).loadUnaligned(as: Float8.self)
}

/// Writes eight consecutive floats; any alignment.
@inlinable @inline(__always)
package func store(_ value: Float8, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Float8.self)
}
