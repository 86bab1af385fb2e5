import Geometry
import Quantities
import Testing

@Suite struct HoleFinderTests {
  private static let size = ImageSize(width: 320, height: 192)
  private static let lens = CameraIntrinsics(fx: 260, fy: 260, cx: 159.5, cy: 80, size: size)
  private static let mount = CameraMount(heightMeters: 0.6, pitchRadians: 0)

  /// Flat ground, a wall 8 m ahead on the left half, sky elsewhere; changed by `change`.
  private func scene(_ change: (_ u: Int, _ v: Int, Float) -> Float = { $2 }) -> [Float] {
    var depth: [Float] = []
    for v in 0..<Self.size.height {
      for u in 0..<Self.size.width {
        let ray = Self.lens.unproject(u: Double(u), v: Double(v))
        var z = Self.mount.ground.depth(x: ray.x, y: ray.y).map { Float($0) } ?? .infinity
        if u < 160 { z = min(z, 8) }
        depth.append(change(u, v, z > 80 ? .infinity : z))
      }
    }
    return depth
  }

  private func look(
    _ depth: [Float], mount: CameraMount? = Self.mount
  ) -> (findings: HoleFinder.Findings, pixels: [Int: HoleFinder.Reason]) {
    var finder = HoleFinder(intrinsics: Self.lens, mount: mount)
    let findings = depth.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { finder.run($0, farthest: 80) }
    }
    var pixels: [Int: HoleFinder.Reason] = [:]
    finder.forEachHolePixel { pixels[$0] = $1 }
    return (findings ?? HoleFinder.Findings(), pixels)
  }

  @Test func `flat ground, a wall and the sky have no holes`() {
    let seen = look(scene())
    #expect(seen.findings.holeCount == 0)
    #expect(seen.findings.share == 0)
    #expect(seen.pixels.isEmpty)
    #expect(abs((seen.findings.ground?.distanceMeters ?? 0) - 0.6) < 0.01)
  }

  @Test func `a dark thing on the ground at infinity is a hole, all of it and not much more`() {
    let hole = scene { u, v, z in (180..<220).contains(u) && (110..<140).contains(v) ? .infinity : z }
    let seen = look(hole)
    #expect(seen.findings.holeCount == 1)
    #expect(seen.pixels.values.allSatisfy { $0 == .belowGround })
    let inside = (110..<140).reduce(0) { sum, v in
      sum + (180..<220).filter { seen.pixels[v * Self.size.width + $0] != nil }.count
    }
    #expect(inside == 30 * 40)
    #expect(seen.pixels.count < 38 * 48)
    #expect(abs(seen.findings.share - 1200.0 / Double(Self.size.pixelCount)) < 0.003)
  }

  @Test func `a hole with soft edges is found`() {
    let hole = scene { u, v, z in
      let away = max(abs(Float(u) - 200) - 18, abs(Float(v) - 130) - 12)
      let share = min(1, max(0, 1 - away / 4))
      return 1 / ((1 - share) / z + share / 70)
    }
    #expect(look(hole).findings.holeCount == 1)
  }

  @Test func `a hole is found in any unit`() {
    let hole = scene { u, v, z in (180..<220).contains(u) && (110..<140).contains(v) ? 60 : z }
    #expect(look(hole.map { $0 * 0.3 }).findings.holeCount == 1)
  }

  @Test func `a few pixels are no hole`() {
    let hole = scene { u, v, z in (180..<184).contains(u) && (120..<123).contains(v) ? .infinity : z }
    #expect(look(hole).findings.holeCount == 0)
  }

  /// Ground that falls away from `begin` metres ahead.
  private func downhill(begin: Double, slope: Double) -> [Float] {
    scene { u, v, _ in
      let ray = Self.lens.unproject(u: Double(u), v: Double(v))
      let flat = Self.mount.heightMeters / ray.y
      if ray.y > 0, flat < begin { return Float(flat) }
      let falling = (Self.mount.heightMeters - slope * begin) / (ray.y - slope)
      return falling > 0 && falling < 80 ? Float(falling) : .infinity
    }
  }

  @Test(arguments: [(2.0, 0.05), (2.0, 0.1), (3.0, 0.15), (1.5, 0.2), (4.0, 0.3)])
  func `ground that falls away is no hole`(begin: Double, slope: Double) {
    #expect(look(downhill(begin: begin, slope: slope)).findings.holeCount == 0)
  }

  @Test func `things that stand on the ground are no holes and gaps under them are none`() {
    let car = scene { u, v, z in
      (180..<260).contains(u) && (70..<100).contains(v) ? min(z, 5) : z
    }
    #expect(look(car).findings.holeCount == 0)
  }

  @Test func `without ground only what is enclosed below the horizon counts`() {
    func wall(_ change: (Int, Int) -> Bool) -> [Float] {
      (0..<Self.size.pixelCount).map { index in
        change(index % Self.size.width, index / Self.size.width) ? .infinity : 1.5
      }
    }
    let below = look(wall { u, v in (100..<140).contains(u) && (120..<150).contains(v) })
    #expect(below.findings.ground == nil)
    #expect(below.findings.holeCount == 1)
    #expect(below.pixels.values.allSatisfy { $0 == .enclosed })
    // A window to the sky, and an opening that reaches the border.
    #expect(look(wall { u, v in (100..<140).contains(u) && (20..<60).contains(v) }).findings.holeCount == 0)
    #expect(look(wall { u, v in u < 40 && (120..<150).contains(v) }).findings.holeCount == 0)
  }

  @Test func `a map without depth is survived`() {
    let seen = look([Float](repeating: .nan, count: Self.size.pixelCount), mount: nil)
    #expect(seen.findings == HoleFinder.Findings())
  }
}
