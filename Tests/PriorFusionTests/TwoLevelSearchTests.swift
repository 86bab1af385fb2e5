// The two-level search against the exact one.
import Kernels
import Platform
import PriorFusion
import Quantities
import TestSupport
import Testing

@Suite struct TwoLevelSearchTests {
  private static let shape = [16, 8, 26]

  private struct Run {
    var fused: [Float]
    var disparity: [Float]
    var entropy: [Float]
    var spread: [Float]
    var best: [Float]
  }

  private func run(
    _ bank: PriorBank, _ search: PriorSearch, kernels: MicroKernels = .ofThisProcessor, threads: Int = 1
  ) -> Run {
    let network = PriorFusionNetwork(
      bank, featureShape: Self.shape, executor: WorkerTeam(width: threads), search: search, kernels: kernels)
    var fused = RandomBank.smoothFeatures(Self.shape)
    network.run(&fused)
    let statistics = network.statistics
    return Run(
      fused: fused, disparity: Array(statistics.priorDisparity), entropy: Array(statistics.entropy),
      spread: Array(statistics.priorSpread), best: Array(statistics.bestLogit))
  }

  private func error(_ found: [Float], _ expected: [Float]) -> (largest: Float, rootMeanSquare: Float) {
    let magnitude = expected.map(abs).max() ?? 0
    let errors = zip(found, expected).map { abs($0 - $1) / magnitude }
    return (
      TestSupport.largest(errors),
      (errors.reduce(0) { $0 + $1 * $1 } / Float(max(1, errors.count))).squareRoot()
    )
  }

  /// Largest error and its root mean square over the largest magnitude; those of entropy and spread count absolutely.
  struct Bounds: Sendable {
    var sharpness: Float
    var fused: (Float, Float)
    var disparity: (Float, Float)
    var entropy: Float
    var spread: Float
  }

  /// From nearly flat softmaxes to some that a single reference rules: those are the search's limit.
  static let bounds = [
    Bounds(sharpness: 0.3, fused: (0.01, 0.001), disparity: (0.01, 0.002), entropy: 0.001, spread: 0.02),
    Bounds(sharpness: 1, fused: (0.05, 0.01), disparity: (0.05, 0.02), entropy: 0.02, spread: 0.15),
    Bounds(sharpness: 2, fused: (0.2, 0.03), disparity: (0.25, 0.06), entropy: 0.2, spread: 0.5),
    Bounds(sharpness: 4, fused: (0.45, 0.08), disparity: (0.45, 0.12), entropy: 0.6, spread: 1.2),
  ]

  @Test(arguments: [1500, 4096, 12_000], bounds)
  func `on a bank with structure the error is bounded`(count: Int, bounds: Bounds) {
    let bank = RandomBank.structured(count: count, sharpness: bounds.sharpness)
    let exact = run(bank, .exact)
    for kernels in PriorFusionTests.widths {
      let found = run(bank, .twoLevel, kernels: kernels)
      let fused = error(found.fused, exact.fused)
      let disparity = error(found.disparity, exact.disparity)
      let entropy = largest(zip(found.entropy, exact.entropy).map { abs($0 - $1) })
      let spread = largest(zip(found.spread, exact.spread).map { abs($0 - $1) })
      let best = error(found.best, exact.best)
      #expect(fused.largest <= bounds.fused.0 && fused.rootMeanSquare <= bounds.fused.1, "F_o: \(fused)")
      #expect(
        disparity.largest <= bounds.disparity.0 && disparity.rootMeanSquare <= bounds.disparity.1,
        "D_c: \(disparity)")
      #expect(
        entropy <= bounds.entropy && spread <= bounds.spread && best.rootMeanSquare <= 0.12,
        "entropy \(entropy), spread \(spread), best \(best)")
    }
  }

  /// A sharp query would carry what a cluster proposes far beyond all of its members.
  @Test(arguments: [Float(8), 20, 50])
  func `however sharp the queries, nothing is proposed beyond what references hold`(sharpness: Float) {
    let bank = RandomBank.structured(count: 4096, sharpness: sharpness)
    let exact = run(bank, .exact).disparity
    for kernels in PriorFusionTests.widths {
      let found = run(bank, .twoLevel, kernels: kernels).disparity
      #expect(largest(found) <= 1.02 * largest(exact) && found.allSatisfy { $0 > 0 })
    }
  }

  @Test func `results are the same to the bit on any number of threads`() {
    let bank = RandomBank.structured(count: 2000)
    let (one, three) = (run(bank, .twoLevel), run(bank, .twoLevel, threads: 3))
    let isEqual = one.fused == three.fused && one.entropy == three.entropy && one.best == three.best
    #expect(isEqual)
  }

  @Test func `a feature that is not a number spoils its own pixel alone`() {
    let bank = RandomBank.structured(count: 2000)
    let pixels = Self.shape[1] * Self.shape[2]
    let exact = run(bank, .exact).fused
    let network = PriorFusionNetwork(
      bank, featureShape: Self.shape, executor: SerialExecutor(), search: .twoLevel)
    var fused = RandomBank.smoothFeatures(Self.shape)
    fused[2 * pixels + 40] = .nan
    network.run(&fused)
    let largest = exact.max() ?? 0
    let isSound = fused.indices.allSatisfy {
      $0 % pixels == 40 ? fused[$0].isNaN : abs(fused[$0] - exact[$0]) <= 0.05 * largest
    }
    #expect(isSound)
  }

  @Test func `a small bank is searched exactly`() {
    let bank = RandomBank.structured(count: 500)
    let isEqual = run(bank, .exact).fused == run(bank, .twoLevel).fused
    #expect(isEqual)
  }

  @Test func `references that are all alike make no trouble`() {
    let bank = RandomBank.make(count: 2000, channels: Self.shape[0], spread: 0)
    let (exact, found) = (run(bank, .exact), run(bank, .twoLevel))
    #expect(error(found.fused, exact.fused).largest <= 1e-4)
    #expect(found.entropy.allSatisfy { abs($0 - 1) <= 1e-4 })
  }

  @Test func `with the compression zeroed the features pass to the bit`() {
    let bank = RandomBank.make(count: 2000, channels: Self.shape[0], compress: 0)
    let isEqual = run(bank, .twoLevel).fused == RandomBank.smoothFeatures(Self.shape)
    #expect(isEqual)
  }
}
