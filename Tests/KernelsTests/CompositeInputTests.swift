// Convolutions that read several images at once, some enlarged, scaled by channel and extended by a border, against
// the naive twin on the image that they stand for.
import Kernels
import Quantities
import TestSupport
import Testing

@Suite struct CompositeInputTests {
  static let borders: [BorderMode] = [.zero, .edge, .reflect]
  /// Height and width of the whole image; tiles begin on doubled pixels only where both are multiples of four.
  static let sizes = [[4, 4], [8, 36], [24, 80], [10, 14], [36, 164]]

  @Test(arguments: borders, sizes)
  func `Winograd convolution of enlarged, scaled images gives the naive answer`(
    border: BorderMode, size: [Int]
  ) {
    for isScaled in [false, true] {
      for kernels in FastConvolutionTests.widths {
        let trial = CompositeTrial(height: size[0], width: size[1], border, isScaled: isScaled)
        let error = trial.error { WinogradConvolution($0, weights: $1, bias: $2, parts: 1, kernels: kernels) }
        #expect(error < 1e-4, "\(kernels.name) kernels, scaled: \(isScaled)")
      }
    }
  }

  @Test(arguments: borders, sizes)
  func `direct convolution of enlarged, scaled images gives the naive answer`(border: BorderMode, size: [Int])
  {
    for isScaled in [false, true] {
      let trial = CompositeTrial(height: size[0], width: size[1], border, isScaled: isScaled)
      let error = trial.error { DirectConvolution($0, weights: $1, bias: $2, parts: 1) }
      #expect(error < 1e-5, "scaled: \(isScaled)")
    }
  }
}

/// A 3x3 convolution of an image of half size that stands for a whole one, two whole ones, and a plain one.
private struct CompositeTrial {
  private struct Image {
    var channels: Int
    var repetition = 1
    var isBlocked = true
    var values: [Float] = []
  }

  private let height, width: Int
  private let border: BorderMode
  private var images = [
    Image(channels: 20, repetition: 2), Image(channels: 16), Image(channels: 13),
    Image(channels: 3, isBlocked: false),
  ]
  private let scale: [Float]?
  private let weights, bias: [Float]
  private let outChannels = 26

  init(height: Int, width: Int, _ border: BorderMode, isScaled: Bool) {
    (self.height, self.width, self.border) = (height, width, border)
    var generator = SeededGenerator(seed: 11)
    func numbers(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }
    for index in images.indices {
      let side = images[index].repetition
      images[index].values = numbers(images[index].channels * (height / side) * (width / side))
    }
    let channels = images.reduce(0) { $0 + $1.channels }
    scale = isScaled ? numbers(channels) : nil
    weights = numbers(outChannels * channels * 9)
    bias = numbers(outChannels)
  }

  /// Largest difference to the naive answer over its largest value.
  func error(_ make: ConvolutionTrial.Maker) -> Float {
    let window = Window(
      input: (height, width), kernel: (3, 3), stride: (1, 1), dilation: (1, 1), pad: (1, 1, 1, 1))
    let segments = images.map {
      InputSegment(
        channels: $0.channels, height: height / $0.repetition, width: width / $0.repetition,
        repetition: $0.repetition, isBlocked: $0.isBlocked)
    }
    let plan = ConvolutionPlan(
      window: window, segments: segments, border: border, outChannels: outChannels, hasScale: scale != nil)
    let convolution = make(plan, weights, bias)
    let sources = images.map(memory)
    let addresses = sources.map { UnsafePointer($0.base) }
    let factors = Canary(count: scale?.count ?? 0)
    for (index, factor) in (scale ?? []).enumerated() { factors.base[index] = factor }
    let output = Canary(count: (outChannels + 7) / 8 * 8 * height * width)
    let scratch = Canary(count: (convolution.scratchFloats + 15) / 16 * 16)
    addresses.withUnsafeBufferPointer { list in
      guard let first = list.baseAddress else { return }
      convolution.run(
        ConvolutionBuffers(
          sources: first, scale: scale == nil ? nil : UnsafePointer(factors.base), residual: nil,
          output: output.base, scratch: scratch.base), SerialExecutor())
    }
    guard sources.allSatisfy(\.isIntact), factors.isIntact, output.isIntact, scratch.isIntact else {
      return .infinity
    }
    let expected = naiveAnswer
    var found = [Float](repeating: 0, count: expected.count)
    unblockChannels(
      output.base, into: &found, channels: outChannels, plane: height * width, executor: SerialExecutor())
    return largest(zip(found, expected).map { abs($0 - $1) }) / largest(expected.map(abs))
  }

  private func memory(_ image: Image) -> Canary {
    let plane = image.values.count / image.channels
    let blocks = Canary(count: (image.isBlocked ? (image.channels + 7) / 8 * 8 : image.channels) * plane)
    if image.isBlocked {
      blockChannels(
        image.values, into: blocks.base, channels: image.channels, plane: plane, executor: SerialExecutor())
    } else {
      for (index, value) in image.values.enumerated() { blocks.base[index] = value }
    }
    return blocks
  }

  /// The bordered image written out, convolved without a border.
  private var naiveAnswer: [Float] {
    var whole: [Float] = []
    var channel = 0
    for image in images {
      let (rows, columns) = (height / image.repetition, width / image.repetition)
      for plane in 0..<image.channels {
        for y in -1...height {
          for x in -1...width {
            guard let row = border.source(y, height), let column = border.source(x, width) else {
              whole.append(0)
              continue
            }
            let at = (plane * rows + row / image.repetition) * columns + column / image.repetition
            whole.append(image.values[at] * (scale?[channel] ?? 1))
          }
        }
        channel += 1
      }
    }
    let window = Window(
      input: (height + 2, width + 2), kernel: (3, 3), stride: (1, 1), dilation: (1, 1), pad: (0, 0, 0, 0))
    var output = [Float](repeating: 0, count: outChannels * height * width)
    referenceConvolution(
      whole, weights: weights, bias: bias, into: &output, batch: 1, inChannels: channel,
      outChannels: outChannels, groups: 1, window: window, executor: SerialExecutor())
    return output
  }
}
