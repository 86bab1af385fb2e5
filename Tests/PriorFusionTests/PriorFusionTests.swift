// Prior fusion against its naive twin, on sizes that fill no block, panel or vector.
import Kernels
import Platform
import PriorFusion
import Quantities
import TestSupport
import Testing

@Suite struct PriorFusionTests {
  static let widths = [MicroKernels.portable] + (MicroKernels.wide.map { [$0] } ?? [])
  static let block = ReferenceBlocks.rows

  /// The fused features and the statistics of one run.
  private func run(
    _ bank: PriorBank, _ features: [Float], _ shape: [Int], kernels: MicroKernels = .ofThisProcessor,
    threads: Int = 1
  ) -> NaiveFusion.Result {
    let network = PriorFusionNetwork(
      bank, featureShape: shape, executor: WorkerTeam(width: threads), kernels: kernels)
    return fused(network, features)
  }

  private func fused(_ network: PriorFusionNetwork, _ features: [Float]) -> NaiveFusion.Result {
    var fused = features
    network.run(&fused)
    let statistics = network.statistics
    return .init(
      fused: fused, priorDisparity: Array(statistics.priorDisparity), entropy: Array(statistics.entropy),
      priorSpread: Array(statistics.priorSpread), bestLogit: Array(statistics.bestLogit))
  }

  /// Largest error over the largest magnitude.
  private func error(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let largest = expected.map(abs).max() ?? 0
    return TestSupport.largest(zip(found, expected).map { abs($0 - $1) / max(largest, 1e-30) })
  }

  private func expectEqual(
    _ found: NaiveFusion.Result, _ expected: NaiveFusion.Result, _ comment: String,
    location: SourceLocation = #_sourceLocation
  ) {
    let errors = [
      error(found.fused, expected.fused), error(found.priorDisparity, expected.priorDisparity),
      error(found.bestLogit, expected.bestLogit),
      largest(zip(found.entropy, expected.entropy).map { abs($0 - $1) }),
      // A standard deviation from moments in single precision: of a one-hot softmax only 1e-3 is left of it.
      0.1 * largest(zip(found.priorSpread, expected.priorSpread).map { abs($0 - $1) }),
    ]
    #expect(errors.allSatisfy { $0 < 1e-4 }, "\(comment): \(errors)", sourceLocation: location)
  }

  @Test(arguments: [1, 2, 3, block - 1, block, block + 1, 2 * block + 7, 9 * block + 1])
  func `any number of references gives what the formula gives`(count: Int) {
    let shape = [8, 3, 5]
    let features = RandomBank.features(shape)
    for storage in PriorBank.Storage.allCases {
      let bank = RandomBank.make(count: count, storage: storage)
      let expected = NaiveFusion(bank: bank).run(features)
      for kernels in Self.widths {
        expectEqual(
          run(bank, features, shape, kernels: kernels), expected, "\(count), \(storage), \(kernels.name)")
      }
    }
  }

  @Test(arguments: [[1, 1, 1], [3, 1, 31], [5, 4, 8], [16, 3, 11], [64, 2, 65]])
  func `any feature map gives what the formula gives`(shape: [Int]) {
    let bank = RandomBank.make(count: 77, channels: shape[0])
    let features = RandomBank.features(shape)
    let expected = NaiveFusion(bank: bank).run(features)
    for kernels in Self.widths {
      expectEqual(run(bank, features, shape, kernels: kernels), expected, "\(shape), \(kernels.name)")
    }
  }

  @Test func `softmaxes may be one-hot or flat`() {
    let shape = [8, 2, 9]
    let features = RandomBank.features(shape)
    for spread: Float in [0, 1e-3, 8, 60] {
      let bank = RandomBank.make(count: 700, spread: spread)
      expectEqual(run(bank, features, shape), NaiveFusion(bank: bank).run(features), "spread \(spread)")
    }
  }

  @Test func `results are the same to the bit on any number of threads`() {
    let shape = [8, 5, 13]
    let features = RandomBank.features(shape)
    let bank = RandomBank.make(count: 3000)
    let (one, three) = (run(bank, features, shape), run(bank, features, shape, threads: 3))
    #expect(one.fused == three.fused && one.entropy == three.entropy && one.priorSpread == three.priorSpread)
  }

  @Test func `a second run is not touched by the first`() {
    let shape = [8, 4, 7]
    let bank = RandomBank.make(count: 500)
    let network = PriorFusionNetwork(bank, featureShape: shape, executor: SerialExecutor())
    let first = fused(network, RandomBank.features(shape))
    _ = fused(network, RandomBank.features(shape, seed: 9))
    #expect(fused(network, RandomBank.features(shape)).fused == first.fused)
  }

  @Test(arguments: [8, 12, 16]) func `channels in blocks give what plain ones give`(channels: Int) {
    let (shape, pixels) = ([channels, 3, 11], 33)
    let bank = RandomBank.make(count: 50, channels: channels)
    let features = RandomBank.features(shape)
    let expected = run(bank, features, shape).fused
    var blocked = [Float](repeating: -5, count: (channels + 7) / 8 * 8 * pixels)
    func index(_ channel: Int, _ pixel: Int) -> Int { (channel / 8 * pixels + pixel) * 8 + channel % 8 }
    for channel in 0..<channels {
      for pixel in 0..<pixels { blocked[index(channel, pixel)] = features[channel * pixels + pixel] }
    }
    PriorFusionNetwork(bank, featureShape: shape, executor: SerialExecutor()).run(&blocked, blockChannels: 8)
    for channel in 0..<(channels + 7) / 8 * 8 {
      for pixel in 0..<pixels {
        let value = channel < channels ? expected[channel * pixels + pixel] : -5
        #expect(blocked[index(channel, pixel)] == value)
      }
    }
  }

  @Test func `with the compression zeroed the features pass to the bit`() {
    let shape = [8, 4, 7]
    let features = RandomBank.features(shape)
    let bank = RandomBank.make(count: 300, compress: 0)
    #expect(run(bank, features, shape).fused == features)
  }

  @Test func `a feature that is not a number spoils its own pixel alone`() {
    let shape = [8, 4, 10]
    let bank = RandomBank.make(count: 300)
    var features = RandomBank.features(shape)
    let clean = run(bank, features, shape).fused
    features[3 * 40 + 17] = .nan
    let spoilt = run(bank, features, shape).fused
    for index in clean.indices {
      #expect(index % 40 == 17 ? spoilt[index].isNaN : spoilt[index] == clean[index])
    }
  }
}
