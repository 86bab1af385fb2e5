// What holding a disparity map to its points must do; its numbers are PyTorch's by the golden vectors.
import Completion
import Glibc
import Quantities
import TestSupport
import Testing

@Suite struct AnchoringTests {
  private static let size = ImageSize(width: 96, height: 64)
  private static let near = 1 / CompletionFixture.minimumDepth
  private static let far = 1 / CompletionFixture.maximumDepth

  /// A hilly scene, metres.
  private static let truth: [Float] = (0..<size.pixelCount).map { pixel in
    let (row, column) = pixel.quotientAndRemainder(dividingBy: size.width)
    return 6 + 2 * sinf(Float(column) / 15) + cosf(Float(row) / 10)
  }

  /// The scene as predicted: wrong by a factor, and by up to a fifth in patches.
  private static func predicted(factor: Float, patches: Bool) -> [Float] {
    truth.indices.map { pixel in
      let (row, column) = pixel.quotientAndRemainder(dividingBy: size.width)
      let wave = patches ? expf(0.2 * sinf(Float(column) / 6) * cosf(Float(row) / 7)) : 1
      return factor * wave * truth[pixel]
    }
  }

  /// Depth after anchoring to `count` random points of the truth, given in units of which a metre has `unitsPerMeter`.
  private func anchored(_ depth: [Float], count: Int, unitsPerMeter: Float = 1) throws -> [Float] {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, executor: SerialExecutor())
    var random = SeededGenerator(seed: 3)
    var points = SparseDepth(size: Self.size)
    for pixel in (0..<Self.size.pixelCount).shuffled(using: &random).prefix(count) {
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
      Self.predicted(factor: factor, patches: false), count: 1, unitsPerMeter: unitsPerMeter)
    // A cell of four pixels has one depth, the point's pixel another.
    #expect(error(depth) < 0.02)
  }

  @Test func `the more points, the smaller the error`() throws {
    let predicted = Self.predicted(factor: 1.3, patches: true)
    let errors = try [0, 1, 20, 100, 400].map { error(try anchored(predicted, count: $0)) }
    #expect(errors == errors.sorted(by: >) && errors[4] < 0.2 * errors[1], "\(errors)")
  }

  @Test func `without points nothing changes`() throws {
    let predicted = Self.predicted(factor: 1.3, patches: true)
    #expect(try anchored(predicted, count: 0) == predicted.map { roundTripped($0) })
  }

  private func roundTripped(_ depth: Float) -> Float {
    let disparity = (1 / depth - Self.far) / (Self.near - Self.far)
    return 1 / (Self.far + (Self.near - Self.far) * disparity)
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
