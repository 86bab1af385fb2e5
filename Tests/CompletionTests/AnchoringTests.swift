// What holding a disparity map to its points must do; its numbers are PyTorch's by the golden vectors.
import Completion
import Glibc
import Platform
import Quantities
import TestSupport
import Testing

@Suite struct AnchoringTests {
  private static let size = ImageSize(width: 96, height: 64)
  private static let near = 1 / CompletionFixture.minimumDepth
  private static let far = 1 / CompletionFixture.maximumDepth

  /// A hilly scene with a box in front, metres.
  private static let truth: [Float] = (0..<size.pixelCount).map { pixel in
    let (row, column) = pixel.quotientAndRemainder(dividingBy: size.width)
    let isBox = (20..<50).contains(row) && (30..<60).contains(column)
    return (isBox ? 0.6 : 1) * (6 + 2 * sinf(Float(column) / 15) + cosf(Float(row) / 10))
  }

  /// The scene as predicted: wrong by a factor, and by up to a fifth in patches.
  private static func predicted(factor: Float, patches: Bool) -> [Float] {
    truth.indices.map { pixel in
      let (row, column) = pixel.quotientAndRemainder(dividingBy: size.width)
      let wave = patches ? expf(0.2 * sinf(Float(column) / 6) * cosf(Float(row) / 7)) : 1
      return factor * wave * truth[pixel]
    }
  }

  /// Random pixels of the truth, in units of which a metre has `unitsPerMeter`.
  private static func pixels(_ count: Int, seed: UInt64 = 3) -> [Int] {
    var random = SeededGenerator(seed: seed)
    return Array((0..<size.pixelCount).shuffled(using: &random).prefix(count))
  }

  /// Depth after anchoring to these pixels of the truth.
  private func anchored(
    _ depth: [Float], to pixels: [Int], unitsPerMeter: Float = 1,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws -> [Float] {
    let network = CompletionNetwork(try CompletionFixture().weights(), size: Self.size, executor: executor)
    var points = SparseDepth(size: Self.size)
    for pixel in pixels {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: Self.size.width)
      points.insert(row: row, column: column, depth: Self.truth[pixel] / unitsPerMeter)
    }
    network.run(points, unitsPerMeter: unitsPerMeter)
    var disparity = depth.map { (1 / $0 - Self.far) / (Self.near - Self.far) }
    disparity.withUnsafeMutableBufferPointer { network.anchor($0) }
    return disparity.map { 1 / (Self.far + (Self.near - Self.far) * $0) }
  }

  private func error(_ depth: [Float]) -> Float {
    zip(depth, Self.truth).map { abs($0 / $1 - 1) }.reduce(0, +) / Float(depth.count)
  }

  @Test(arguments: [Float(0.6), 1, 1.7], [Float(0.5), 1, 2])
  func `one point is enough where all is wrong by one factor`(factor: Float, unitsPerMeter: Float) throws {
    let depth = try anchored(
      Self.predicted(factor: factor, patches: false), to: Self.pixels(1), unitsPerMeter: unitsPerMeter)
    #expect(error(depth) < 1e-4)
  }

  @Test(arguments: [1, 50, 2000, 96 * 64])
  func `every pixel with a point gets its depth`(count: Int) throws {
    let pixels = Self.pixels(count)
    let depth = try anchored(Self.predicted(factor: 1.3, patches: true), to: pixels)
    #expect(pixels.allSatisfy { abs(depth[$0] / Self.truth[$0] - 1) < 2e-4 })
  }

  @Test func `the more points, the smaller the error`() throws {
    let predicted = Self.predicted(factor: 1.3, patches: true)
    let errors = try [0, 1, 20, 100, 400, 3000].map { error(try anchored(predicted, to: Self.pixels($0))) }
    #expect(errors == errors.sorted(by: >) && errors[5] < 0.05 * errors[1], "\(errors)")
  }

  @Test func `without points nothing changes`() throws {
    let predicted = Self.predicted(factor: 1.3, patches: true)
    #expect(try anchored(predicted, to: []) == predicted.map { roundTripped($0) })
  }

  private func roundTripped(_ depth: Float) -> Float {
    let disparity = (1 / depth - Self.far) / (Self.near - Self.far)
    return 1 / (Self.far + (Self.near - Self.far) * disparity)
  }

  @Test(arguments: [1, 60, 900, 96 * 64])
  func `threads and the order of the points change no bit`(count: Int) throws {
    let (predicted, pixels) = (Self.predicted(factor: 1.3, patches: true), Self.pixels(count))
    let alone = try anchored(predicted, to: pixels)
    #expect(try anchored(predicted, to: pixels, executor: WorkerTeam(width: 3)) == alone)
    let turned = try anchored(predicted, to: pixels.reversed())
    #expect(zip(turned, alone).allSatisfy { abs($0 / $1 - 1) < 1e-5 })
  }

  @Test func `noise for points gives depth within the limits`() throws {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, executor: SerialExecutor())
    var points = SparseDepth(size: Self.size)
    DepthPicture(Self.size, random: 3000, seed: 9).fill(&points)
    network.run(points, unitsPerMeter: 1)
    var random = SeededGenerator(seed: 1)
    var disparity = (0..<Self.size.pixelCount).map { _ in Float.random(in: 0...1, using: &random) }
    disparity.withUnsafeMutableBufferPointer { network.anchor($0) }
    #expect(disparity.allSatisfy { $0 >= 0 && $0 <= 1 })
  }
}
