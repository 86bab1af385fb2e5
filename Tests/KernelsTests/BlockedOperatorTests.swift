// Operators on blocked or plain tensors against their naive twins.
import Kernels
import Quantities
import TestSupport
import Testing

@Suite struct BlockedOperatorTests {
  @Test(arguments: [8, 20, 48], [1, 2])
  func `normalisation over channels is layer normalisation of each pixel`(channels: Int, parts: Int) {
    let plane = 77
    var generator = SeededGenerator(seed: 3)
    func numbers(_ count: Int, around center: Float = 0) -> [Float] {
      (0..<count).map { _ in center + Float.random(in: -1...1, using: &generator) }
    }
    let (input, scale, bias) = (numbers(channels * plane, around: 5), numbers(channels), numbers(channels))
    var rows = input
    for pixel in 0..<plane {
      for channel in 0..<channels { rows[pixel * channels + channel] = input[channel * plane + pixel] }
    }
    var expected = rows
    layerNormalization(
      rows, into: &expected, rows: plane, count: channels, scale: scale, bias: bias, epsilon: 1e-6,
      executor: SerialExecutor())
    let executor = TwoPartExecutor(width: parts)
    let size = (channels + 7) / 8 * 8 * plane
    // Surplus lanes hold anything.
    var (blocked, result) = ([Float](repeating: .nan, count: size), [Float](repeating: 0, count: size))
    for channel in 0..<channels {
      for pixel in 0..<plane {
        blocked[(channel / 8 * plane + pixel) * 8 + channel % 8] = input[channel * plane + pixel]
      }
    }
    normalizeChannels(
      blocked, into: &result, channels: channels, plane: plane, scale: scale, bias: bias, epsilon: 1e-6,
      executor: executor)
    for pixel in 0..<plane {
      for channel in 0..<channels {
        let found = result[(channel / 8 * plane + pixel) * 8 + channel % 8]
        #expect(abs(found - expected[pixel * channels + channel]) < 1e-4)
      }
    }
  }

  @Test(arguments: [(5, 7, 10, 14), (9, 6, 9, 13), (64, 208, 128, 416)], [1, 2])
  func `a plain resize gives the naive answer`(size: (Int, Int, Int, Int), parts: Int) {
    let (height, width, outHeight, outWidth) = size
    let planes = 2
    var generator = SeededGenerator(seed: 4)
    let input = (0..<(planes * height * width)).map { _ in Float.random(in: -1...1, using: &generator) }
    let rows = ResizeAxis(
      linear: height, to: outHeight, scale: Double(outHeight) / Double(height), mode: .halfPixel)
    let columns = ResizeAxis(
      linear: width, to: outWidth, scale: Double(outWidth) / Double(width), mode: .halfPixel)
    var expected = [Float](repeating: 0, count: planes * outHeight * outWidth)
    var found = expected
    referenceResize(
      input, into: &expected, planes: planes, inputHeight: height, inputWidth: width, rows: rows,
      columns: columns, executor: SerialExecutor())
    let resize = PlainResize(inputHeight: height, inputWidth: width, rows: rows, columns: columns)
    resize(input, into: &found, planes: planes, executor: TwoPartExecutor(width: parts))
    let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(error < 1e-6)
  }

  static let windows: [Window] = [
    Window(input: (12, 18), kernel: (2, 2), stride: (2, 2)),
    Window(input: (13, 17), kernel: (3, 3), stride: (2, 2), pad: (1, 1, 1, 1)),
    Window(input: (9, 11), kernel: (3, 2), stride: (1, 2), dilation: (2, 3), pad: (1, 0, 2, 1)),
    Window(input: (7, 8), kernel: (3, 3), stride: (2, 2), pad: (0, 0, 0, 0), roundUp: true),
  ]

  @Test(
    arguments: windows,
    [PoolingFunction.maximum, .average(countsPadding: true), .average(countsPadding: false)])
  func `pooling gives the naive answer, plain and blocked`(window: Window, function: PoolingFunction) {
    let channels = 11
    let plane = window.inputHeight * window.inputWidth
    let outPlane = window.outputHeight * window.outputWidth
    var generator = SeededGenerator(seed: 5)
    let input = (0..<(channels * plane)).map { _ in Float.random(in: -1...1, using: &generator) }
    let executor = TwoPartExecutor(width: 2)
    var expected = [Float](repeating: 0, count: channels * outPlane)
    var plain = expected
    var unblocked = expected
    referencePooling(
      function, input, into: &expected, planes: channels, window: window, executor: SerialExecutor())
    poolPlain(function, input, into: &plain, planes: channels, window: window, executor: executor)
    var blocked = [Float](repeating: 0, count: 16 * plane)
    var result = [Float](repeating: 0, count: 16 * outPlane)
    blockChannels(input, into: &blocked, channels: channels, plane: plane, executor: executor)
    poolBlocked(function, blocked, into: &result, blocks: 2, window: window, executor: executor)
    unblockChannels(result, into: &unblocked, channels: channels, plane: outPlane, executor: executor)
    for (found, wanted) in zip(plain, expected) { #expect(abs(found - wanted) < 1e-6) }
    for (found, wanted) in zip(unblocked, expected) { #expect(abs(found - wanted) < 1e-6) }
  }
}
