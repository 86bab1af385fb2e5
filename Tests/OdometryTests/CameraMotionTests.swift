import Geometry
import Glibc
import Odometry
import Quantities
import Testing
import TestSupport

@Suite struct CameraMotionTests {
  /// A drive at 50 Hz with the given speed and yaw rate at each second.
  private func track(
    seconds: Int64 = 4, _ reading: (Double) -> (speed: Double, yawRate: Double)
  ) -> OdometryTrack {
    var track = OdometryTrack(capacity: 1024, largestGapNanoseconds: 100_000_000)
    for step in 0...(seconds * 50) {
      let (speed, yawRate) = reading(Double(step) * 0.02)
      track.add(
        OdometrySample(
          time: MonotonicTime(nanoseconds: step * 20_000_000), speedMetersPerSecond: speed,
          yawRateRadiansPerSecond: yawRate))
    }
    return track
  }

  private func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(seconds: seconds) }

  private func norm(_ v: SIMD3<Double>) -> Double { (v * v).sum().squareRoot() }

  @Test
  func `straight ahead is forward along the optical axis of a level camera`() throws {
    let window = try #require(track { _ in (2, 0) }.window(from: time(1), to: time(1.25)))
    let motion = CameraMotion(window: window, mount: CameraMount(heightMeters: 1, pitchRadians: 0))
    #expect(norm(motion.startFromEnd.translation - SIMD3(0, 0, 0.5)) < 1e-12)
    #expect(abs(motion.chordMeters - 0.5) < 1e-12)
    // A wall 5 m ahead of the later frame is 5.5 m ahead of the earlier one.
    #expect(norm(motion.startFromEnd.apply(SIMD3(0, 0, 5)) - SIMD3(0, 0, 5.5)) < 1e-12)
    #expect(norm(motion.endFromStart.apply(SIMD3(0, 0, 5.5)) - SIMD3(0, 0, 5)) < 1e-12)
  }

  @Test
  func `the newest sample stands for the next one for a while, and not longer`() throws {
    let track = track { t in (1 + 0.1 * t, 0.2) }
    #expect(track.window(from: time(3.8), to: time(4.03)) == nil)
    let held = try #require(
      track.window(from: time(3.8), to: time(4.03), heldNanoseconds: 50_000_000))
    #expect(abs(held.pathMeters - (0.2 * 1.39 + 0.03 * 1.4)) < 1e-9)
    #expect(abs(held.motion.heading - 0.046) < 1e-9)
    #expect(track.window(from: time(3.8), to: time(4.06), heldNanoseconds: 50_000_000) == nil)
    #expect(track.window(from: time(4.01), to: time(4.03), heldNanoseconds: 50_000_000) == nil)
  }

  @Test
  func `a camera that looks down sees the robot's way partly as upward`() throws {
    let window = try #require(track { _ in (1, 0) }.window(from: time(1), to: time(2)))
    let mount = CameraMount(heightMeters: 1, pitchRadians: 0.3)
    let t = CameraMotion(window: window, mount: mount).startFromEnd.translation
    #expect(norm(t - SIMD3(0, -sin(0.3), cos(0.3))) < 1e-9)
  }

  @Test
  func `a camera ahead of the turning centre moves while the robot turns on the spot`() throws {
    let window = try #require(track { _ in (0, 0.5) }.window(from: time(0), to: time(2)))
    let mount = CameraMount(heightMeters: 1, pitchRadians: 0, leverArm: .init(forwardMeters: 0.3))
    let motion = CameraMotion(window: window, mount: mount)
    #expect(abs(motion.chordMeters - 2 * 0.3 * sin(0.5)) < 1e-9)
    #expect(abs(motion.turnRadians - 1) < 1e-12)
  }

  @Test
  func `the lever arm's speed adds to the robot's as methods say`() throws {
    // v = 0.3 m/s, 0.5 rad/s, 0.3 m ahead: 0.335 m/s.
    let window = try #require(track { _ in (0.3, 0.5) }.window(from: time(1), to: time(1.02)))
    let mount = CameraMount(heightMeters: 1, pitchRadians: 0, leverArm: .init(forwardMeters: 0.3))
    let speed = CameraMotion(window: window, mount: mount).chordMeters / 0.02
    #expect(abs(speed - (0.3 * 0.3 + 0.15 * 0.15).squareRoot()) < 1e-4)
  }

  @Test(arguments: 0..<20)
  func `the motion is what the two poses of the camera in the world say`(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    func draw(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }
    let mount = CameraMount(
      heightMeters: draw(0.2...2), pitchRadians: draw(-0.5...0.5), rollRadians: draw(-0.3...0.3),
      yawRadians: draw(-1...1), leverArm: .init(forwardMeters: draw(-1...1), leftMeters: draw(-1...1)))
    let (speed, yawRate) = (draw(-2...5), draw(-1...1))
    let window = try #require(track { _ in (speed, yawRate) }.window(from: time(0.51), to: time(1.77)))
    // By hand: positions on the circle, the camera's axes carried by the robot.
    func worldFromCamera(_ t: Double) -> RigidTransform {
      let heading = yawRate * t
      let radius = speed / yawRate
      let place = SIMD3(radius * sin(heading), radius * (1 - cos(heading)), 0)
      return .aboutThirdAxis(radians: heading, translation: place) * mount.bodyFromCamera
    }
    let expected = worldFromCamera(0.51).inverse * worldFromCamera(1.77)
    let motion = CameraMotion(window: window, mount: mount)
    for point in [SIMD3<Double>(0, 0, 0), SIMD3(1, 2, 3), SIMD3(-4, 0.5, 9)] {
      #expect(norm(motion.startFromEnd.apply(point) - expected.apply(point)) < 1e-6)
    }
    #expect(abs(motion.chordMeters - norm(expected.translation)) < 1e-6)
  }

  @Test
  func `the mount's axes are those of the ground it sees`() {
    let mount = CameraMount(
      heightMeters: 0.8, pitchRadians: 0.2, rollRadians: 0.1, yawRadians: 0.4,
      leverArm: .init(forwardMeters: 0.5, leftMeters: -0.2))
    let bodyFromCamera = mount.bodyFromCamera
    let down = bodyFromCamera.inverse.rotate(SIMD3(0, 0, -1))
    #expect(norm(down - mount.ground.normal) < 1e-12)
    // A point the camera sees on the ground lies at height zero in the body's axes.
    let seen = SIMD3(0.3, 0.7, 1) * (mount.ground.depth(x: 0.3, y: 0.7) ?? 0)
    #expect(abs(bodyFromCamera.apply(seen).z) < 1e-12)
    // It looks to the left of straight ahead.
    let axis = bodyFromCamera.rotate(SIMD3(0, 0, 1))
    #expect(abs(atan2(axis.y, axis.x) - 0.4) < 1e-12)
  }

  @Test
  func `the variance has a part for speed, encoder, time and lever arm`() throws {
    let steady = try #require(track { _ in (2, 0) }.window(from: time(1), to: time(2)))
    let known = CameraMount(heightMeters: 1, pitchRadians: 0, leverArm: .init(forwardMeters: 0))
    #expect(
      abs(CameraMotion(window: steady, mount: known).chordVariance - (0.04 * 0.04 + 0.005 * 0.005)) < 1e-12)
    // From 1 to 3 m/s in one second: 2 m/s2 for 5 ms over one second.
    let pulled = try #require(track { t in (1 + 2 * (t - 1), 0) }.window(from: time(1), to: time(2)))
    let variance = CameraMotion(window: pulled, mount: known).chordVariance
    #expect(abs(variance - (0.04 * 0.04 + 0.005 * 0.005 + 0.01 * 0.01)) < 1e-9)
    let turning = try #require(track { _ in (2, 0.5) }.window(from: time(1), to: time(2)))
    let sure = CameraMotion(window: turning, mount: known)
    let unsure = CameraMotion(window: turning, mount: nil)
    let arm = 2 * sin(0.25)
    #expect(abs(unsure.chordVariance - sure.chordVariance - arm * arm * (0.09 - 0.0004)) < 1e-9)
    #expect(sure.turnVariance > 0)
  }

  @Test
  func `a window says how steady the robot was`() throws {
    let window = try #require(track { t in (1 + t, 0.1 * t) }.window(from: time(1), to: time(3)))
    #expect(abs(window.acceleration - 1) < 1e-9)
    #expect(abs(window.meanSpeedMetersPerSecond - 3) < 1e-9)
    #expect(abs(window.largestYawRate - 0.3) < 1e-9)
    #expect(abs(window.longestGapSeconds - 0.02) < 1e-9)
    #expect(abs(window.pathMeters - 6) < 1e-9)
  }

  @Test
  func `backing up moves the camera against its axis`() throws {
    let window = try #require(track { _ in (-1, 0) }.window(from: time(1), to: time(1.5)))
    let motion = CameraMotion(window: window, mount: nil)
    #expect(motion.startFromEnd.translation.z < -0.499)
    #expect(window.pathMeters > 0.499)
  }
}
