// Every fast convolution against its naive twin, on odd sizes and tails.
import Kernels
import Quantities
import TestSupport
import Testing

/// One convolution to try.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  var inChannels, outChannels, height, width, kernel: Int
  var stride = 1
  var dilation = 1
  var pad: Int
  var isDepthwise = false

  var testDescription: String {
    "\(inChannels)->\(outChannels) \(width)x\(height) k\(kernel) s\(stride) d\(dilation) p\(pad)"
  }

  var window: Window {
    Window(
      input: (height, width), kernel: (kernel, kernel), stride: (stride, stride),
      dilation: (dilation, dilation),
      pad: (pad, pad, pad, pad))
  }
}

@Suite struct FastConvolutionTests {
  static let cases: [ConvolutionCase] = [
    .init(inChannels: 3, outChannels: 16, height: 13, width: 17, kernel: 3, stride: 2, pad: 1),
    .init(inChannels: 3, outChannels: 9, height: 20, width: 31, kernel: 7, stride: 2, pad: 3),
    .init(inChannels: 18, outChannels: 18, height: 7, width: 13, kernel: 3, pad: 1),
    .init(inChannels: 16, outChannels: 1, height: 5, width: 3, kernel: 3, pad: 1),
    .init(inChannels: 40, outChannels: 64, height: 6, width: 20, kernel: 3, pad: 1),
    .init(inChannels: 9, outChannels: 49, height: 5, width: 23, kernel: 3, stride: 2, pad: 1),
    .init(inChannels: 36, outChannels: 40, height: 9, width: 11, kernel: 1, pad: 0),
    .init(inChannels: 8, outChannels: 24, height: 1, width: 1, kernel: 1, pad: 0),
    .init(inChannels: 20, outChannels: 17, height: 11, width: 14, kernel: 3, dilation: 2, pad: 2),
    .init(inChannels: 12, outChannels: 33, height: 12, width: 10, kernel: 1, stride: 2, pad: 0),
  ]

  static let singleChannel: [ConvolutionCase] = [
    .init(inChannels: 16, outChannels: 1, height: 13, width: 29, kernel: 3, pad: 1),
    .init(inChannels: 21, outChannels: 1, height: 6, width: 7, kernel: 3, stride: 2, pad: 1),
    .init(inChannels: 5, outChannels: 1, height: 3, width: 40, kernel: 1, pad: 0),
  ]

  static let winograd: [ConvolutionCase] = [
    .init(inChannels: 72, outChannels: 72, height: 12, width: 40, kernel: 3, pad: 1),
    .init(inChannels: 19, outChannels: 25, height: 6, width: 5, kernel: 3, pad: 1),
    .init(inChannels: 144, outChannels: 144, height: 6, width: 20, kernel: 3, pad: 1),
    .init(inChannels: 300, outChannels: 40, height: 7, width: 9, kernel: 3, pad: 1),
    .init(inChannels: 256, outChannels: 130, height: 9, width: 122, kernel: 3, pad: 1),
    .init(inChannels: 16, outChannels: 16, height: 40, width: 48, kernel: 3, pad: 1),
    .init(inChannels: 18, outChannels: 20, height: 41, width: 47, kernel: 3, pad: 1),
    .init(inChannels: 33, outChannels: 17, height: 38, width: 53, kernel: 3, pad: 0),
    .init(inChannels: 64, outChannels: 64, height: 23, width: 67, kernel: 3, pad: 1),
  ]

  static let depthwise: [ConvolutionCase] = [
    .init(inChannels: 18, outChannels: 18, height: 9, width: 13, kernel: 3, pad: 1, isDepthwise: true),
    .init(inChannels: 16, outChannels: 16, height: 9, width: 27, kernel: 5, pad: 2, isDepthwise: true),
    .init(
      inChannels: 16, outChannels: 16, height: 9, width: 31, kernel: 3, stride: 2, pad: 1, isDepthwise: true),
    .init(inChannels: 8, outChannels: 8, height: 12, width: 13, kernel: 7, pad: 3, isDepthwise: true),
    .init(
      inChannels: 24, outChannels: 24, height: 15, width: 22, kernel: 5, stride: 2, pad: 2, isDepthwise: true),
    .init(
      inChannels: 8, outChannels: 8, height: 11, width: 19, kernel: 3, dilation: 3, pad: 3, isDepthwise: true),
  ]

  /// The kernels of every vector width that this machine can run.
  static let widths: [MicroKernels] = [.portable] + (MicroKernels.wide.map { [$0] } ?? [])

  @Test(arguments: cases, [1, 2])
  func `direct convolution gives the naive answer`(test: ConvolutionCase, parts: Int) {
    expect(test, parts, below: 1e-5) {
      DirectConvolution($0, weights: $1, bias: $2, parts: parts, kernels: $3)
    }
  }

  @Test(arguments: winograd, [1, 2])
  func `Winograd convolution gives the naive answer`(test: ConvolutionCase, parts: Int) {
    expect(test, parts, below: 1e-4) {
      WinogradConvolution($0, weights: $1, bias: $2, parts: parts, kernels: $3)
    }
  }

  @Test(arguments: depthwise, [1, 2])
  func `depthwise convolution gives the naive answer`(test: ConvolutionCase, parts: Int) {
    expect(test, parts, below: 1e-5) {
      DepthwiseConvolution($0, weights: $1, bias: $2, parts: parts, kernels: $3)
    }
  }

  @Test(arguments: singleChannel, [1, 2])
  func `convolution to one channel gives the naive answer`(test: ConvolutionCase, parts: Int) {
    expect(test, parts, below: 1e-5, isPlainOutput: true) {
      SingleChannelConvolution($0, weights: $1, bias: $2, parts: parts, kernels: $3)
    }
  }

  private func expect(
    _ test: ConvolutionCase, _ parts: Int, below limit: Float, isPlainOutput: Bool = false,
    _ make: (ConvolutionPlan, UnsafePointer<Float>, UnsafePointer<Float>, MicroKernels) ->
      any PreparedConvolution
  ) {
    let trial = ConvolutionTrial(test, isPlainOutput: isPlainOutput)
    for kernels in Self.widths {
      let error = trial.error(parts: parts) { make($0, $1, $2, kernels) }
      #expect(error < limit, "\(kernels.name) kernels")
    }
  }
}

/// Two parts, one after the other: enough to find scratch or outputs that parts share by mistake.
final class TwoPartExecutor: ParallelExecutor {
  let width: Int
  init(width: Int) { self.width = width }
  func run(parts: Int, _ body: (Int) -> Void) { for part in (0..<parts).reversed() { body(part) } }
}

/// Random data for one case, with the naive answer.
struct ConvolutionTrial {
  let test: ConvolutionCase
  let input, weights, bias: [Float]
  let expected: [Float]
  let isPlainOutput: Bool

  init(_ test: ConvolutionCase, isPlainOutput: Bool) {
    self.test = test
    self.isPlainOutput = isPlainOutput
    var generator = SeededGenerator(seed: 7)
    func numbers(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }
    let w = test.window
    let groups = test.isDepthwise ? test.inChannels : 1
    input = numbers(test.inChannels * test.height * test.width)
    weights = numbers(test.outChannels * test.inChannels / groups * test.kernel * test.kernel)
    bias = numbers(test.outChannels)
    var output = [Float](repeating: 0, count: test.outChannels * w.outputHeight * w.outputWidth)
    referenceConvolution(
      input, weights: weights, bias: bias, into: &output, batch: 1, inChannels: test.inChannels,
      outChannels: test.outChannels, groups: groups, window: w, executor: SerialExecutor())
    expected = output
  }

  typealias Maker = (ConvolutionPlan, UnsafePointer<Float>, UnsafePointer<Float>) -> any PreparedConvolution

  /// Largest difference over largest value; infinite when memory past the output was touched.
  func error(parts: Int, _ make: Maker) -> Float {
    let w = test.window
    let segment = InputSegment(
      channels: test.inChannels, height: test.height, width: test.width, isBlocked: true)
    let plan = ConvolutionPlan(window: w, segments: [segment], outChannels: test.outChannels)
    let convolution = make(plan, weights, bias)
    let executor = TwoPartExecutor(width: parts)
    let blockedInput = Canary(count: (test.inChannels + 7) / 8 * 8 * test.height * test.width)
    blockChannels(
      input, into: blockedInput.base, channels: test.inChannels, plane: test.height * test.width,
      executor: executor)
    let plane = w.outputHeight * w.outputWidth
    let blocked = Canary(count: (test.outChannels + 7) / 8 * 8 * plane)
    let scratch = Canary(count: (convolution.scratchFloats + 15) / 16 * 16 * parts)
    var source = UnsafePointer(blockedInput.base)
    convolution.run(
      ConvolutionBuffers(
        sources: &source, scale: nil, residual: nil, output: blocked.base, scratch: scratch.base), executor)
    var found = [Float](repeating: 0, count: expected.count)
    if isPlainOutput {
      found.withUnsafeMutableBufferPointer {
        _ = $0.update(fromContentsOf: UnsafeBufferPointer(start: blocked.base, count: plane))
      }
    } else {
      unblockChannels(
        blocked.base, into: &found, channels: test.outChannels, plane: plane, executor: executor)
    }
    guard blocked.isIntact, scratch.isIntact, found.allSatisfy(\.isFinite) else { return .infinity }
    let largest = expected.map(abs).max() ?? 1
    return (zip(found, expected).map { abs($0 - $1) }.max() ?? 0) / largest
  }
}

/// Floats between two guards that nobody may write.
final class Canary {
  private let storage: UnsafeMutablePointer<Float>
  private let count: Int
  let base: UnsafeMutablePointer<Float>

  init(count: Int) {
    self.count = count
    storage = .allocate(capacity: count + 256)
    storage.initialize(repeating: 12_345, count: count + 256)
    base = storage + 128
  }

  var isIntact: Bool {
    (0..<128).allSatisfy { storage[$0] == 12_345 && storage[128 + count + $0] == 12_345 }
  }

  deinit { storage.deallocate() }
}
