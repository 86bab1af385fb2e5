import Glibc
import Odometry
import Quantities
import TestSupport
import Testing

@Suite struct TimeOffsetTests {
  /// How a robot turns: a few slow waves without a common period, rad/s.
  private struct Wander {
    var waves: [(amplitude: Double, frequency: Double, phase: Double)]

    init(seed: UInt64, amplitude: Double) {
      var random = SeededGenerator(seed: seed)
      waves = (0..<7).map { _ in
        (
          amplitude * Double.random(in: 0.3...1, using: &random), Double.random(in: 0.4...7, using: &random),
          Double.random(in: 0...6, using: &random)
        )
      }
    }

    func yawRate(_ t: Double) -> Double {
      waves.reduce(0) { $0 + $1.amplitude * sin($1.frequency * t + $1.phase) }
    }

    func turn(_ from: Double, _ to: Double) -> Double {
      waves.reduce(0) { sum, wave in
        sum + wave.amplitude / wave.frequency
          * (cos(wave.frequency * from + wave.phase) - cos(wave.frequency * to + wave.phase))
      }
    }
  }

  private func gaussian(_ random: inout SeededGenerator) -> Double {
    let (u, v) = (Double.random(in: 1e-9...1, using: &random), Double.random(in: 0...1, using: &random))
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
  }

  /// Thirty seconds of odometry at 50 Hz, whose stamps are `offset` early, and of images at `rate`.
  private func estimator(
    offset: Double, seed: UInt64 = 1, amplitude: Double = 0.15, noise: Double = 0.03, rate: Double = 10,
    sign: Double = 1
  ) -> TimeOffsetEstimator {
    let wander = Wander(seed: seed, amplitude: amplitude)
    var random = SeededGenerator(seed: seed &+ 100)
    var estimator = TimeOffsetEstimator()
    for step in 0...1500 {
      let t = Double(step) * 0.02
      let measured = wander.yawRate(t) + 0.01 * gaussian(&random)
      estimator.add(
        OdometrySample(
          time: MonotonicTime(seconds: 100 + t - offset), speedMetersPerSecond: 1,
          yawRateRadiansPerSecond: measured))
    }
    for frame in 0..<Int(29.9 * rate) {
      let (from, to) = (Double(frame) / rate, Double(frame + 1) / rate)
      let rateNoise = noise * gaussian(&random)
      estimator.add(
        VisualTurn(
          start: MonotonicTime(seconds: 100 + from), end: MonotonicTime(seconds: 100 + to),
          radians: sign * (wander.turn(from, to) + rateNoise * (to - from))))
    }
    return estimator
  }

  @Test(arguments: [-0.08, -0.05, -0.02, 0, 0.02, 0.0333, 0.08], [1, 2, 3] as [UInt64])
  func `an offset is found below its step and within what it says of itself`(offset: Double, seed: UInt64)
    throws
  {
    let found = try estimator(offset: offset, seed: seed).estimate()
    #expect(abs(found.seconds - offset) < 0.004)
    #expect(abs(found.seconds - offset) < 4 * found.sigmaSeconds + 0.001)
    #expect(found.correlation > 0.9)
    #expect(abs(found.gain - 1) < 0.1)
  }

  @Test
  func `slow images cost no accuracy and bring no bias`() throws {
    let found = try estimator(offset: 0.04, noise: 0.01, rate: 5).estimate()
    #expect(abs(found.seconds - 0.04) < 0.004)
  }

  @Test
  func `much noise is admitted`() throws {
    let quiet = try estimator(offset: 0.03, noise: 0.02).estimate()
    let loud = try estimator(offset: 0.03, noise: 0.2).estimate()
    #expect(loud.sigmaSeconds > 4 * quiet.sigmaSeconds)
    #expect(abs(loud.seconds - 0.03) < 4 * loud.sigmaSeconds)
  }

  @Test
  func `the answer does not depend on when the robot's turns are seen as twice as large`() throws {
    var doubled = TimeOffsetEstimator()
    let wander = Wander(seed: 5, amplitude: 0.2)
    for step in 0...1500 {
      let t = Double(step) * 0.02
      doubled.add(
        OdometrySample(
          time: MonotonicTime(seconds: t), speedMetersPerSecond: 1, yawRateRadiansPerSecond: wander.yawRate(t)
        ))
    }
    for frame in 0..<290 {
      let (from, to) = (Double(frame) / 10, Double(frame + 1) / 10)
      doubled.add(
        VisualTurn(
          start: MonotonicTime(seconds: from), end: MonotonicTime(seconds: to),
          radians: 2 * wander.turn(from, to)))
    }
    let found = try doubled.estimate()
    #expect(abs(found.seconds) < 0.001)
    #expect(abs(found.gain - 2) < 0.02)
  }

  @Test
  func `who drives straight ahead learns nothing`() {
    let error = #expect(throws: TimeOffsetEstimator.Refusal.self) {
      _ = try estimator(offset: 0.03, amplitude: 0.005).estimate()
    }
    guard case .tooLittleTurning? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test
  func `without images, and with images that see something else, there is no answer`() {
    #expect(throws: TimeOffsetEstimator.Refusal.tooFewTurns(0, needed: 30)) {
      _ = try TimeOffsetEstimator().estimate()
    }
    let error = #expect(throws: TimeOffsetEstimator.Refusal.self) {
      _ = try estimator(offset: 0, noise: 3).estimate()
    }
    guard case .uncorrelated? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test
  func `a yaw rate of the wrong sign is named`() {
    #expect(throws: TimeOffsetEstimator.Refusal.oppositeSigns) {
      _ = try estimator(offset: 0.01, sign: -1).estimate()
    }
  }

  @Test
  func `regular weaving fits at several offsets and is refused`() {
    var estimator = TimeOffsetEstimator()
    let omega = 2 * Double.pi / 0.2
    for step in 0...3000 {
      let t = Double(step) * 0.01
      estimator.add(
        OdometrySample(
          time: MonotonicTime(seconds: t), speedMetersPerSecond: 1, yawRateRadiansPerSecond: sin(omega * t)))
    }
    for frame in 0..<580 {
      let (from, to) = (Double(frame) / 20, Double(frame + 1) / 20)
      estimator.add(
        VisualTurn(
          start: MonotonicTime(seconds: from), end: MonotonicTime(seconds: to),
          radians: (cos(omega * from) - cos(omega * to)) / omega))
    }
    let error = #expect(throws: TimeOffsetEstimator.Refusal.self) { _ = try estimator.estimate() }
    guard case .ambiguous? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test
  func `an offset beyond what is tried is not guessed`() {
    let error = #expect(throws: TimeOffsetEstimator.Refusal.self) {
      _ = try estimator(offset: 0.4, noise: 0.005).estimate()
    }
    #expect(error != nil)
  }

  @Test
  func `a clock that is set back begins anew`() throws {
    var estimator = estimator(offset: 0.02)
    estimator.add(
      OdometrySample(
        time: MonotonicTime(seconds: 1), speedMetersPerSecond: 1, yawRateRadiansPerSecond: 0))
    #expect(throws: TimeOffsetEstimator.Refusal.tooFewTurns(0, needed: 30)) { _ = try estimator.estimate() }
  }
}
