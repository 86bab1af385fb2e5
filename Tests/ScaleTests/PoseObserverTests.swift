// Log scale from a pose network's distance, with a network that sees what the table says.
import Foundation
import Geometry
import Odometry
import Quantities
import Scale
import Testing

@Suite struct PoseObserverTests {
  /// Sees a camera that drives straight ahead `factor` times as far as it did, and whatever else is asked for.
  private final class Seen: PairMotionSource {
    let slotCount = 8
    let nominalNanoseconds = 500_000.0
    var factor = 1.0
    /// Radians to the side of straight ahead.
    var sideways = 0.0
    /// Backward distance over forward distance.
    var wayBack = 1.0
    private(set) var pairs: [(Int, Int)] = []
    private var order: [Int] = []
    var metersPerFrame = 0.1

    func keep(_ image: UnsafePointer<Float>, inSlot slot: Int) {
      order.append(slot)
    }

    func motion(fromSlot first: Int, toSlot second: Int) -> RigidTransform {
      pairs.append((first, second))
      let isForward = pairs.count % 2 == 1
      let length = factor * chord * (isForward ? 1 : wayBack)
      let ahead = SIMD3(length * sin(sideways), 0, length * cos(sideways))
      return RigidTransform(
        rotation: RigidTransform.identity.rotation, translation: isForward ? -ahead : ahead)
    }

    /// What the odometry last said of a pair.
    var chord = 0.0
  }

  private struct Drive {
    var speed = 1.0
    var yawRate = 0.0
    var acceleration = 0.0
    var hasOdometry = true
    var secondsPerFrame = 0.1
  }

  private let training = PairMotionTraining(
    distance: 0.2...1.2, rotationRadians: 0.15, pairSigma: 0.2, placeSigma: 0.1)

  /// Everything that `frames` frames of a drive teach.
  private func run(
    _ seen: Seen, _ drive: Drive = Drive(), frames: Int = 20, interval: Double = 0.5, initial: Double = 0
  ) -> [ScaleObservation] {
    var observer = PoseObserver(
      source: seen, training: training, initialLogScale: initial, intervalSeconds: interval)
    var found: [ScaleObservation] = []
    let pixels: [Float] = [0]
    pixels.withUnsafeBufferPointer { pixels in
      guard let start = pixels.baseAddress else { return }
      for frame in 0..<frames {
        let time = MonotonicTime(seconds: 10 + Double(frame) * drive.secondsPerFrame)
        let observation = observer.observe(.init(time: time, image: start, depth: start)) { from, to in
          guard drive.hasOdometry else { return nil }
          let seconds = Double(to - from) * 1e-9
          let chord = drive.speed * seconds
          seen.chord = chord
          var motion = CameraMotion(
            startFromEnd: RigidTransform(
              rotation: RigidTransform.identity.rotation, translation: SIMD3(0, 0, chord)),
            turnRadians: drive.yawRate * seconds, relativeSigma: 0.02)
          motion.accelerationMetersPerSecond2 = drive.acceleration
          return motion
        }
        if let observation { found.append(observation) }
      }
    }
    return found
  }

  @Test(arguments: [0.5, 0.8, 1.0, 1.25])
  func `the scale is the odometry's distance over the seen one`(factor: Double) throws {
    let seen = Seen()
    seen.factor = factor
    let observations = run(seen)
    #expect(observations.count >= 3)
    for observation in observations {
      #expect(observation.gate == .passed && observation.source == .pose)
      #expect(abs(observation.logScale + log(factor)) < 1e-9)
      #expect(abs(observation.variance - (0.2 * 0.2 + 0.02 * 0.02)) < 1e-9)
      #expect(abs(observation.sharedVariance - 0.01) < 1e-12)
    }
  }

  @Test func `the two directions are averaged by their logarithms`() throws {
    let seen = Seen()
    seen.wayBack = 1.1
    let observation = try #require(run(seen).first)
    #expect(abs(observation.logScale + 0.5 * log(1.1)) < 1e-9)
    #expect(observation.gate == .passed)
  }

  @Test(arguments: [(0.25, 0.9), (1.0, 0.3), (3.0, 0.3)])
  func `a slower robot is compared with an older frame`(speed: Double, longest: Double) throws {
    let observations = run(Seen(), Drive(speed: speed))
    let first = try #require(observations.first)
    #expect(first.gate == .passed)
    #expect(first.distanceMeters >= 0.2 - 1e-9 && first.distanceMeters <= speed * longest + 1e-9)
  }

  @Test func `looks keep their interval`() {
    #expect(run(Seen(), frames: 101, interval: 1).count <= 11)
    #expect(run(Seen(), frames: 101, interval: 1).count >= 9)
  }

  /// What is refused, with its reason.
  private func refusal(_ seen: Seen, _ drive: Drive) throws -> ScaleGateReason {
    let observation = try #require(run(seen, drive).first)
    guard case .rejected(let reason) = observation.gate else {
      Issue.record("passed")
      return .notFinite
    }
    return reason
  }

  @Test func `every gate refuses with what was found and what is needed`() throws {
    #expect(try refusal(Seen(), Drive(hasOdometry: false)) == .noOdometry)
    guard case .speed(let found, let needed) = try refusal(Seen(), Drive(speed: 0.12)) else {
      Issue.record("slow passed")
      return
    }
    #expect(abs(found - 0.12) < 0.01 && needed == 0.2)
    guard case .baselineTooLong(let far, 1.2) = try refusal(Seen(), Drive(speed: 15)) else {
      Issue.record("too far passed")
      return
    }
    #expect(abs(far - 1.5) < 1e-6)
    guard case .yawRate(let rate, 0.35) = try refusal(Seen(), Drive(yawRate: -0.5)) else {
      Issue.record("turning passed")
      return
    }
    #expect(abs(rate - 0.5) < 1e-9)
    guard case .turn = try refusal(Seen(), Drive(speed: 0.25, yawRate: 0.3)) else {
      Issue.record("a large turn passed")
      return
    }
    guard case .acceleration(2, _) = try refusal(Seen(), Drive(acceleration: 2)) else {
      Issue.record("acceleration passed")
      return
    }
    let aside = Seen()
    aside.sideways = 0.4
    guard case .direction(let angle, _) = try refusal(aside, Drive()) else {
      Issue.record("sideways passed")
      return
    }
    #expect(abs(angle - 0.4) < 1e-6)
    let uneven = Seen()
    uneven.wayBack = 0.7
    guard case .consistency(let left, 0.15) = try refusal(uneven, Drive()) else {
      Issue.record("inconsistent passed")
      return
    }
    #expect(abs(left - 0.3) < 1e-9)
  }

  @Test func `a camera that stands is not looked at`() {
    let seen = Seen()
    #expect(run(seen, Drive(speed: 0)).isEmpty)
    #expect(seen.pairs.isEmpty)
  }

  @Test func `a pause forgets the frames before it`() {
    #expect(run(Seen(), Drive(secondsPerFrame: 1.5), frames: 6).isEmpty)
  }

  @Test func `the range of distances follows the model's own scale`() throws {
    let observation = try #require(run(Seen(), initial: log(2)).first { $0.gate == .passed })
    #expect(observation.distanceMeters >= 0.4 - 1e-9)
  }
}

@Suite struct SharedErrorTests {
  private func filter() -> ScaleFilter {
    ScaleFilter(prior: ScalePrior(logScale: 0, logSigma: 0.3), settings: .init(), blockSeconds: 5)
  }

  @Test func `no number of observations removes an error that they share`() {
    var filter = filter()
    for step in 1...2000 {
      _ = filter.take(
        0.2, variance: 0.04, shared: 0.15 * 0.15, at: MonotonicTime(seconds: Double(step) * 0.5),
        travelledMeters: 0)
    }
    #expect(abs(filter.logSigma - 0.15) < 1e-9)
    #expect(abs(filter.logScale - 0.2) < 0.02)
  }

  @Test func `what is known better than that stays so`() {
    var filter = filter()
    filter.adopt(logScale: 0, variance: 0.05 * 0.05, coveredSeconds: 15)
    for step in 1...50 {
      _ = filter.take(
        0.05, variance: 0.04, shared: 0.15 * 0.15, at: MonotonicTime(seconds: Double(step) * 0.5),
        travelledMeters: 0)
    }
    #expect(filter.logSigma <= 0.05 && filter.logSigma > 0.02)
  }
}
