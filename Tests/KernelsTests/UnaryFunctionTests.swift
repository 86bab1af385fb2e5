// Vector functions against the C library's, with tails, NaN and infinities.
import Kernels
import Testing

@Suite struct UnaryFunctionTests {
  static let functions: [UnaryFunction] = [
    .relu, .leakyRelu(slope: 0.1), .elu(alpha: 1.5), .sigmoid, .hardSigmoid(alpha: 0.2, beta: 0.5),
    .hardSwish,
    .clip(minimum: -1, maximum: 2), .tanh, .erf, .exp, .sqrt, .abs, .negate, .reciprocal, .floor, .ceil,
    .gelu,
    .geluTanh, .log, .softplus, .affine(factor: 2, offset: -1),
  ]

  @Test(arguments: functions)
  func `a vector function follows its scalar definition`(function: UnaryFunction) {
    var inputs = stride(from: Float(-20), through: 20, by: 0.0371).map { $0 }
    inputs += [1e-6, -1e-6, 1e-3, -1e-3, 0.03, -0.03, 88, -87, 0]
    var outputs = [Float](repeating: 0, count: inputs.count)
    for kernels in FastConvolutionTests.widths {
      function.apply(inputs, into: &outputs, count: inputs.count, kernels: kernels)
      for (x, y) in zip(inputs, outputs) {
        let expected = function.reference(x)
        if expected.isNaN && y.isNaN || expected == y { continue }
        #expect(
          abs(y - expected) <= 2e-6 * max(1, abs(expected)),
          "\(kernels.name) f(\(x)) = \(y), expected \(expected)")
      }
    }
  }

  @Test(arguments: functions)
  func `NaN stays NaN`(function: UnaryFunction) {
    let inputs = [Float](repeating: .nan, count: 11)
    var outputs = [Float](repeating: 0, count: 11)
    for kernels in FastConvolutionTests.widths {
      function.apply(inputs, into: &outputs, count: 11, kernels: kernels)
      let areAllNaN = outputs.allSatisfy { $0.isNaN }
      #expect(areAllNaN, "\(kernels.name)")
    }
  }
}
