// What a motion of the canonical camera is for another camera: both must show the same picture.
import Geometry
import ModelBundle
import Testing

@Suite struct FrameMotionTests {
  @Test func `the canonical camera's own motion is unchanged`() {
    let motion = FrameMotion(axisAngle: SIMD3(0.01, -0.02, 0.03), translation: SIMD3(0.1, -0.2, -0.7))
    #expect(motion.seen(fx: 240, fy: 240, canonicalFx: 240) == motion)
  }

  /// A point before the real camera and its stretched twin before the canonical one fall on the same pixel before and
  /// after the motion: exactly for translations, in the middle of the picture for rotations.
  @Test(arguments: [(480.0, 480.0), (120.0, 120.0), (300.0, 330.0)])
  func `both cameras see the same pictures`(fx: Double, fy: Double) {
    let f = 240.0
    func compare(_ canonical: FrameMotion, _ point: SIMD3<Double>, within tolerance: Double) {
      let twin = point * SIMD3(1, fy / fx, f / fx)
      let after = canonical.seen(fx: fx, fy: fy, canonicalFx: f).laterFromEarlier.apply(point)
      let twinAfter = canonical.laterFromEarlier.apply(twin)
      #expect(abs(fx * point.x / point.z - f * twin.x / twin.z) < 1e-9)
      #expect(abs(fy * point.y / point.z - f * twin.y / twin.z) < 1e-9)
      #expect(abs(fx * after.x / after.z - f * twinAfter.x / twinAfter.z) < tolerance)
      #expect(abs(fy * after.y / after.z - f * twinAfter.y / twinAfter.z) < tolerance)
    }
    let shift = FrameMotion(axisAngle: .zero, translation: SIMD3(0.1, -0.05, -0.6))
    for point in [SIMD3(0.5, 0.3, 6.0), SIMD3(-2, 1, 9), SIMD3(0, -0.4, 3)] {
      compare(shift, point, within: 1e-9)
    }
    let turn = FrameMotion(axisAngle: SIMD3(0.002, -0.003, 0.001), translation: .zero)
    compare(turn, SIMD3(0, 0, 5), within: 0.01)
  }

  @Test func `a turn to the right moves what is ahead to the left`() {
    let motion = FrameMotion(axisAngle: SIMD3(0, -0.1, 0), translation: .zero)
    let ahead = motion.laterFromEarlier.apply(SIMD3(0, 0, 10))
    #expect(ahead.x < -0.99 && abs(ahead.x + 0.998) < 0.01)
    #expect(abs(motion.angle - 0.1) < 1e-12 && motion.distance == 0)
  }

  @Test func `a transform of a large turn is a rotation`() {
    let motion = FrameMotion(axisAngle: SIMD3(0.4, -1.1, 0.8), translation: SIMD3(1, 2, 3))
    let there = motion.laterFromEarlier
    let back = (there.inverse * there).rotation
    for (found, wanted) in zip(back, RigidTransform.identity.rotation) {
      #expect(abs(found - wanted) < 1e-12)
    }
    #expect(there.translation == SIMD3(1, 2, 3))
  }
}
