// Holes on simulated drives: exact depth has none, downhill and with a pitched camera too, and a planted one is found.
import Geometry
import ImageBuffers
import Quantities
import Simulation
import TestSupport
import Testing

@Suite struct HolesOnDrivesTests {
  private static let size = ImageSize(width: 240, height: 144)
  private static let farthest: Float = 80

  /// The exact depth of some frames of a drive, and the mount it was taken with.
  private func drive(
    _ world: SimulationWorld, pitchDegrees: Double = 0, seed: UInt64 = 5
  ) throws -> (lens: CameraIntrinsics, mount: CameraMount, frames: [[Float]]) {
    var settings = SimulationSettings(
      world: world, seed: seed, calibration: SimulationSettings.defaultCalibration(size: Self.size))
    settings.cameraPitchRadians = pitchDegrees * .pi / 180
    let simulation = Simulation(settings)
    var frames: [[Float]] = []
    for frame in stride(from: 0, to: 300, by: 50) {
      var image = RGBImage(size: Self.size)
      var depth: Plane<Float>? = Plane(width: Self.size.width, height: Self.size.height)
      simulation.render(
        at: simulation.time(ofFrame: frame), frame: frame, executor: SerialExecutor(), into: &image,
        trueDepth: &depth)
      guard let depth = depth.take() else { throw TestFailure("the depth plane is gone") }
      var values: [Float] = []
      for y in 0..<Self.size.height {
        for x in 0..<Self.size.width { values.append(depth.row(y)[x]) }
      }
      frames.append(values)
    }
    let mount = try #require(settings.mountedCalibration.mount)
    return (settings.calibration.intrinsics, mount, frames)
  }

  private func holes(_ depth: [Float], _ lens: CameraIntrinsics, _ mount: CameraMount) -> HoleFinder.Findings
  {
    var finder = HoleFinder(intrinsics: lens, mount: mount)
    return depth.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { finder.run($0, farthest: Self.farthest) } ?? HoleFinder.Findings()
    }
  }

  /// The frame with its floor falling away by `steepness` from `crest` metres on; what stands on it stays.
  private func downhill(
    _ depth: [Float], _ lens: CameraIntrinsics, _ mount: CameraMount, steepness: Double, crest: Double
  ) -> [Float] {
    var changed = depth
    for v in 0..<Self.size.height {
      for u in 0..<Self.size.width {
        let ray = lens.unproject(u: Double(u), v: Double(v))
        let index = v * Self.size.width + u
        guard let flat = mount.ground.depth(x: ray.x, y: ray.y), flat > crest,
          abs(Double(depth[index]) / flat - 1) < 0.02
        else { continue }
        let fallen = (mount.heightMeters - steepness * crest) / (ray.y - steepness)
        changed[index] = fallen > 0 && fallen < Double(Self.farthest) ? Float(fallen) : .infinity
      }
    }
    return changed
  }

  @Test(arguments: SimulationWorld.allCases, [-6.0, 0, 10])
  func `exact depth of a drive has no holes, however the camera is pitched`(
    world: SimulationWorld, pitchDegrees: Double
  ) throws {
    let (lens, mount, frames) = try drive(world, pitchDegrees: pitchDegrees)
    for frame in frames { #expect(holes(frame, lens, mount).holeCount == 0) }
  }

  @Test(arguments: SimulationWorld.allCases, [0.05, 0.1, 0.15])
  func `a drive whose road falls away ahead has no holes`(world: SimulationWorld, steepness: Double) throws {
    let (lens, mount, frames) = try drive(world)
    for frame in frames {
      let crest = 2.5 * mount.heightMeters
      let changed = downhill(frame, lens, mount, steepness: steepness, crest: crest)
      #expect(changed != frame && holes(changed, lens, mount).holeCount == 0)
    }
  }

  @Test(arguments: SimulationWorld.allCases)
  func `a hole planted in the road of a drive is found`(world: SimulationWorld) throws {
    let (lens, mount, frames) = try drive(world)
    var planted = 0
    for frame in frames {
      var changed = frame
      // Two to four camera heights ahead, straight on: only where road is seen there.
      var cells = 0
      for v in 0..<Self.size.height {
        for u in (Self.size.width / 2 - 15)..<(Self.size.width / 2 + 15) {
          let ray = lens.unproject(u: Double(u), v: Double(v))
          guard let flat = mount.ground.depth(x: ray.x, y: ray.y), flat > 2.2 * mount.heightMeters,
            flat < 4 * mount.heightMeters
          else { continue }
          cells += 1
          guard abs(Double(frame[v * Self.size.width + u]) / flat - 1) < 0.02 else { continue }
          changed[v * Self.size.width + u] = .infinity
        }
      }
      let taken = changed.indices.count { changed[$0] == .infinity && frame[$0] != .infinity }
      guard taken == cells else { continue }
      planted += 1
      let found = holes(changed, lens, mount)
      #expect(found.holeCount == 1)
      #expect(found.share > 0.7 * Double(cells) / Double(Self.size.pixelCount))
    }
    #expect(planted >= 2)
  }
}
