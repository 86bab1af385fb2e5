// How often learning may look, and that it looks at the same frames every time.
import Capture
import DepthDaemon
import DepthPipeline
import Foundation
import ModelBundle
import Platform
import Quantities
import Simulation
import Testing

@Suite struct LearningPaceTests {
  /// Frames until the next look, with looks of so many network times.
  private func framesBetweenLooks(costing cost: Double, share: Double) -> Int {
    var pace = LearningPace(share: share)
    var looks: [Int] = []
    for frame in 0..<400 {
      if pace.allows { looks.append(frame) }
      pace.spend(pace.allows ? cost : 0.01, of: 1)
    }
    return looks[looks.count - 1] - looks[looks.count - 2]
  }

  @Test(arguments: [(0.05, 1), (0.3, 5), (0.6, 9), (2.0, 31)])
  func `a look is followed by as many frames as earn it`(cost: Double, frames: Int) {
    #expect(framesBetweenLooks(costing: cost, share: 0.075) == frames)
  }

  @Test func `what needs frame after frame saves up before it begins again`() {
    var pace = LearningPace(share: 0.1, burst: 30)
    var allowed: [Bool] = []
    for _ in 0..<200 {
      allowed.append(pace.allows)
      pace.spend(pace.allows ? 0.3 : 0, of: 1)
    }
    let runs = allowed.split(separator: false)
    #expect(runs.count > 2 && runs.dropFirst().allSatisfy { $0.count >= 10 })
    #expect(Double(allowed.count { $0 }) * 0.3 < 0.1 * 200 + 1)
  }

  /// Frames of the looks among the first `frames`, with looks of 0.6 network times.
  private func looks(frames: Int, isHurried: (Int) -> Bool) -> [Int] {
    var pace = LearningPace.ofLooks
    return (0..<frames).filter { frame in
      let mayLook = pace.allows
      pace.spend(mayLook ? 0.6 : 0.01, of: 1, isHurried: isHurried(frame))
      return mayLook
    }
  }

  @Test func `while metres are searched for, looks come twice as often`() {
    let searching = looks(frames: 200) { _ in true }.count
    let known = looks(frames: 200) { _ in false }.count
    #expect(Double(searching) > 1.8 * Double(known))
  }

  @Test func `a search without end takes no more than its reserve`() {
    let endless = looks(frames: 2000) { _ in true }
    let known = looks(frames: 2000) { _ in false }
    let besides = 0.6 * Double(endless.count - known.count)
    #expect(besides > 10 && besides < 14)
    // A minute at ten frames per second, in which all of the reserve is spent.
    #expect(0.6 * Double(endless.count { $0 < 600 }) < 0.095 * 600)
  }

  @Test func `the reserve comes back while metres are known`() {
    let seconds = looks(frames: 3800) { $0 < 300 || $0 >= 3500 }
    let first = seconds.count { $0 < 200 }
    let again = seconds.count { (3500..<3700).contains($0) }
    #expect(abs(first - again) <= 1)
  }

  /// Share of the network's time that looks take, when one is made wherever both paces allow it: while metres are
  /// searched for, and after that.
  private func share(ofLooksTaking factor: Double) -> (share: Double, looks: Int) {
    var pace = LearningPace.ofLooks
    var guardian = LearningGuard()
    var (spent, looks) = (0.0, 0)
    for frame in 0..<3000 {
      let mayLook = pace.allows && guardian.allows
      let counted = mayLook ? 0.6 : 0.003
      looks += mayLook ? 1 : 0
      spent += factor * counted
      pace.spend(counted, of: 1, isHurried: frame < 250)
      guardian.spend(Int64(1e6 * factor * counted), of: 1_000_000)
    }
    return (spent / 3000, looks)
  }

  @Test func `looks that take about what was counted are never refused`() {
    let asCounted = share(ofLooksTaking: 1)
    #expect(asCounted.share > 0.065)
    #expect(share(ofLooksTaking: 0.5).looks == asCounted.looks)
    #expect(share(ofLooksTaking: 1.2).looks == asCounted.looks)
  }

  @Test(arguments: [1.5, 3, 10])
  func `looks that take longer than was counted are made more seldom`(factor: Double) {
    #expect(share(ofLooksTaking: factor).share < 0.1)
  }

  private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("models/lite").path

  /// What is observed in the first seconds of a simulated drive, as text.
  private func observations(threads: Int) throws -> [String] {
    var settings = SimulationSettings(
      world: .street, seed: 41,
      calibration: SimulationSettings.defaultCalibration(size: ImageSize(width: 128, height: 96)))
    settings.rateHz = 10
    let start = MonotonicTime.now()
    let source = SimulationSource(
      settings, executor: WorkerTeam(width: 1), isPaced: false, rangeScans: [], start: start)
    let replay = try ScaleReplay(
      source: source, start: start, calibration: settings.mountedCalibration,
      model: try DepthModel.load(path: Self.model), ranges: RangeSettings(), stateDirectory: "/nonexistent",
      threads: threads, disturbance: ScaleReplay.Disturbance())
    var found: [String] = []
    while let steps = try replay.next(), let last = steps.last, last.seconds < 8 {
      found += steps.map { "\($0.seconds) \($0.estimate?.value ?? 0) \($0.looks)" }
    }
    return found
  }

  @Test func `two replays of a drive observe the same`() throws {
    let first = try observations(threads: 1)
    // At the pace of a scale that is known there would be half as many.
    #expect(first.count { $0.contains("photometric") } >= 12)
    #expect(try observations(threads: 1) == first)
  }
}
