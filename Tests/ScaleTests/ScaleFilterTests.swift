import Foundation
import Quantities
import Scale
import Testing

/// The simulation of the methods notes: 10 Hz, 60 % of frames pass, true bias +25 %, per-frame error
/// AR(1) of 8 % with 2 s memory, white noise of 10 %, 5 % gross outliers.
struct ScaleSimulation {
  var random: SeededNormal
  var filter: ScaleFilter
  let truth = log(1.25)
  private var drift = 0.0
  private(set) var step = 0

  init(seed: UInt64) {
    random = SeededNormal(seed: seed)
    var settings = ScaleSettings.Filter()
    settings.correlationSeconds = 2
    filter = ScaleFilter(
      prior: ScalePrior(logScale: 0, logSigma: 0.15), settings: settings, blockSeconds: 5)
    drift = 0.08 * random.next()
  }

  /// Runs up to `seconds`.
  mutating func run(to seconds: Double) {
    let rho = exp(-0.1 / 2.0)
    while Double(step) * 0.1 < seconds {
      step += 1
      drift = rho * drift + 0.08 * (1 - rho * rho).squareRoot() * random.next()
      guard random.uniform() < 0.6 else { continue }
      let gross = random.uniform() < 0.05 ? 2 * random.uniform() - 1 : 0
      _ = filter.take(
        truth + drift + 0.1 * random.next() + gross, variance: 0.01,
        at: MonotonicTime(seconds: Double(step) * 0.1), travelledMeters: 0.1)
    }
  }
}

struct SeededNormal {
  var state: UInt64

  init(seed: UInt64) { state = seed << 40 }

  mutating func uniform() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return (Double(mixed >> 11) + 0.5) * 0x1p-53
  }

  mutating func next() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * Double.pi * uniform()) }
}

struct ScaleFilterTests {
  private func filter(sigma: Double = 0.15) -> ScaleFilter {
    ScaleFilter(prior: ScalePrior(logScale: 0, logSigma: sigma), settings: .init(), blockSeconds: 5)
  }

  /// One look a second of a scale that is 1, by a filter that begins elsewhere.
  private func filter(after looks: Int, from logScale: Double, seed: UInt64) -> ScaleFilter {
    var random = SeededNormal(seed: seed)
    var filter = ScaleFilter(
      prior: ScalePrior(logScale: logScale, logSigma: 0.27), settings: .init(), blockSeconds: 5)
    for step in 1...looks {
      let time = MonotonicTime(seconds: Double(step))
      _ = filter.take(0.1 * random.next(), variance: 0.001, at: time, travelledMeters: 5)
    }
    return filter
  }

  @Test(arguments: [-0.69, -0.22, 0.22, 0.69], 1...5)
  func `where the scale starts does not decide where it ends`(start: Double, seed: UInt64) throws {
    let right = filter(after: 40, from: 0, seed: seed)
    let far = filter(after: 40, from: start, seed: seed)
    #expect(far.logScale == right.logScale && far.variance == right.variance)
    #expect(far.coveredSeconds == right.coveredSeconds)
    #expect(try #require(far.blockSpread) == (try #require(right.blockSpread)))
  }

  @Test
  func `the first observation counts fully, the next of the same moment hardly`() {
    var filter = filter()
    _ = filter.take(0.1, variance: 0.0001, at: MonotonicTime(seconds: 1), travelledMeters: 0)
    let first = filter.logScale
    // White 0.0001, the network's 0.08 and what measuring adds at first, 0.03.
    #expect(abs(first - 0.1 * 0.0225 / (0.0225 + 0.0001 + 0.0064 + 0.0009)) < 1e-9)
    _ = filter.take(0.1, variance: 0.0001, at: MonotonicTime(seconds: 1), travelledMeters: 0)
    #expect(filter.logScale - first < 0.002)
  }

  @Test(arguments: [(0.5, 0.5), (1, 1), (1.8, 1.8), (2, 2), (10, 2)])
  func `an observation covers the motion up to the next, and two seconds at most`(
    pause: Double, covered: Double
  ) {
    var filter = filter()
    for step in 0...10 {
      let time = MonotonicTime(seconds: 1 + pause * Double(step))
      _ = filter.take(0, variance: 0.001, at: time, travelledMeters: 1)
    }
    #expect(abs(filter.coveredSeconds - 10 * covered) < 1e-6)
  }

  @Test
  func `an outlier changes nothing, and fifty that agree start the filter anew`() {
    var filter = filter()
    for step in 1...100 {
      _ = filter.take(0, variance: 0.001, at: MonotonicTime(seconds: Double(step)), travelledMeters: 1)
    }
    let before = filter
    for step in 1...49 {
      let verdict = filter.take(
        1, variance: 0.001, at: MonotonicTime(seconds: 100 + Double(step)), travelledMeters: 1)
      guard case .outlier(let sigmas) = verdict else { Issue.record("\(verdict)"); return }
      #expect(sigmas > 4)
    }
    #expect(filter.logScale == before.logScale && filter.variance == before.variance)
    let last = filter.take(1, variance: 0.001, at: MonotonicTime(seconds: 150), travelledMeters: 1)
    #expect(last == .restarted)
    #expect(filter.logSigma == 0.3 && filter.coveredSeconds == 0)
  }

  @Test
  func `outliers that disagree among themselves never start the filter anew`() {
    var filter = filter()
    for step in 1...100 {
      _ = filter.take(0, variance: 0.001, at: MonotonicTime(seconds: Double(step)), travelledMeters: 1)
    }
    for step in 1...200 {
      let z = step % 2 == 0 ? 1.0 : -1.0
      _ = filter.take(
        z, variance: 0.001, at: MonotonicTime(seconds: 100 + Double(step)), travelledMeters: 1)
    }
    #expect(filter.restartCount == 0 && abs(filter.logScale) < 0.01)
  }

  /// Observations at 1 Hz whose scatter triples after the first half.
  @Test
  func `all of a drive counts alike, also what was seen before its scatter was known`() {
    var settings = ScaleSettings.Filter()
    settings.varianceAddedPerMeter = 0
    settings.huberSigmas = 100
    var random = SeededNormal(seed: 7)
    var filter = ScaleFilter(
      prior: ScalePrior(logScale: 0, logSigma: 1), settings: settings, blockSeconds: 5)
    var sum = 0.0
    let count = 400
    for step in 1...count {
      let z = (step <= count / 2 ? 0.1 : -0.1) + (step <= 40 ? 0.04 : 0.2) * random.next()
      sum += z
      _ = filter.take(z, variance: 0.001, at: MonotonicTime(seconds: 5 * Double(step)), travelledMeters: 1)
    }
    #expect(abs(filter.logScale - sum / Double(count)) < 0.01)
  }

  @Test
  func `the estimate stays within a factor of three of what the model says`() {
    var filter = filter(sigma: 0.3)
    for step in 1...400 {
      _ = filter.take(
        1.2, variance: 0.001, at: MonotonicTime(seconds: Double(step)), travelledMeters: 1)
    }
    #expect(abs(filter.logScale - log(3)) < 1e-12)
  }

  @Test
  func `sureness has a floor, and travel takes some of it away`() {
    var filter = filter()
    for step in 1...20_000 {
      _ = filter.take(0, variance: 1e-6, at: MonotonicTime(seconds: Double(step) * 10), travelledMeters: 0)
    }
    #expect(filter.logSigma >= 0.005)
    let rested = filter.logSigma
    for step in 1...500 {
      _ = filter.take(
        0, variance: 1, at: MonotonicTime(seconds: 200_000 + Double(step)), travelledMeters: 5)
    }
    #expect(filter.logSigma > rested)
  }

  @Test
  func `three hundred simulated drives meet the published errors and cover the truth`() {
    let moments = [3.0, 10, 30, 60, 180]
    let limits = [0.085, 0.055, 0.035, 0.025, 0.016]
    var squares = [Double](repeating: 0, count: moments.count)
    var covered = 0
    for seed in 1...300 {
      var drive = ScaleSimulation(seed: UInt64(seed))
      for (index, moment) in moments.enumerated() {
        drive.run(to: moment)
        let error = drive.filter.logScale - drive.truth
        squares[index] += error * error
        if abs(error) <= 2 * drive.filter.logSigma { covered += 1 }
      }
    }
    for (index, limit) in limits.enumerated() {
      let rms = (squares[index] / 300).squareRoot()
      #expect(rms < limit, "at \(moments[index]) s")
    }
    let coverage = Double(covered) / Double(300 * moments.count)
    #expect(coverage > 0.9 && coverage < 0.999)
  }

  /// Spread of what is observed, and what is said of a single frame at least.
  @Test(arguments: [(0.02, 0.03), (0.08, 0.07), (0.25, 0.2)])
  func `a single frame is said to be as unsure as observations have shown`(spread: Double, least: Double) {
    var filter = filter()
    var random = SeededNormal(seed: 3)
    for step in 1...60 {
      _ = filter.take(
        spread * random.next(), variance: 0.0025, at: MonotonicTime(seconds: 1.2 * Double(step)),
        travelledMeters: 1)
    }
    let sigma = filter.singleFrameVariance.squareRoot()
    #expect(sigma > least && sigma < max(0.08, 1.5 * spread))
    #expect(filter.singleFrameVariance >= filter.variance + filter.frameVariance)
  }
}
