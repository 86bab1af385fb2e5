import Geometry
import ImageBuffers
import Quantities
import Simulation
import TestSupport
import Testing

/// Runs parts from last to first: a result must not depend on their order.
private final class BackwardExecutor: ParallelExecutor {
  let width = 1

  func run(parts: Int, _ body: (Int) -> Void) {
    for part in (0..<parts).reversed() { body(part) }
  }
}

@Suite struct SimulationTests {
  private static let size = ImageSize(width: 160, height: 96)

  private func settings(_ world: SimulationWorld, seed: UInt64 = 3) -> SimulationSettings {
    SimulationSettings(
      world: world, seed: seed, calibration: SimulationSettings.defaultCalibration(size: Self.size))
  }

  private struct Picture {
    var bytes: [UInt8] = []
    var depth: [Float] = []
  }

  private func render(
    _ simulation: Simulation, frame: Int, executor: any ParallelExecutor = SerialExecutor()
  ) throws -> Picture {
    var image = RGBImage(size: Self.size)
    var depth: Plane<Float>? = Plane(width: Self.size.width, height: Self.size.height)
    simulation.render(
      at: simulation.time(ofFrame: frame), frame: frame, executor: executor, into: &image, trueDepth: &depth)
    guard let depth = depth.take() else { throw TestFailure("the depth plane is gone") }
    var picture = Picture()
    for y in 0..<Self.size.height {
      let row = image.bytes.row(y)
      for x in 0..<(3 * Self.size.width) { picture.bytes.append(row[x]) }
      let depths = depth.row(y)
      for x in 0..<Self.size.width { picture.depth.append(depths[x]) }
    }
    return picture
  }

  @Test(arguments: SimulationWorld.allCases)
  func `a frame does not depend on the frames drawn before it nor on the order of its parts`(
    world: SimulationWorld
  ) throws {
    let travelled = Simulation(settings(world))
    for frame in [0, 40, 7] { _ = try render(travelled, frame: frame) }
    let late = try render(travelled, frame: 333, executor: BackwardExecutor())
    let fresh = try render(Simulation(settings(world)), frame: 333)
    #expect(late.bytes == fresh.bytes)
    #expect(late.depth.map(\.bitPattern) == fresh.depth.map(\.bitPattern))
  }

  @Test(arguments: SimulationWorld.allCases)
  func `another seed is another place`(world: SimulationWorld) throws {
    let one = try render(Simulation(settings(world, seed: 1)), frame: 10)
    let two = try render(Simulation(settings(world, seed: 2)), frame: 10)
    let different = zip(one.depth, two.depth).count { abs($0 - $1) > 0.1 }
    #expect(different > one.depth.count / 20)
  }

  @Test(arguments: SimulationWorld.allCases)
  func `depth is positive everywhere and never a NaN, for a minute of driving`(world: SimulationWorld) throws
  {
    let simulation = Simulation(settings(world, seed: 5))
    for frame in stride(from: 0, to: 1800, by: 60) {
      let picture = try render(simulation, frame: frame)
      let nearest = picture.depth.min() ?? 0
      #expect(nearest > 0.15, "frame \(frame)")
      #expect(picture.depth.allSatisfy { !$0.isNaN })
    }
  }

  @Test(arguments: SimulationWorld.allCases)
  func `most frames show something near that is not the floor`(world: SimulationWorld) throws {
    var near = 0
    var frames = 0
    let reach: Float = world == .street ? 10 : 4
    for seed in 1...4 as ClosedRange<UInt64> {
      let simulation = Simulation(settings(world, seed: seed))
      for frame in stride(from: 30, to: 1200, by: 130) {
        let pose = simulation.worldFromCamera(at: simulation.time(ofFrame: frame))
        let picture = try render(simulation, frame: frame)
        frames += 1
        if share(of: picture, nearerThan: reach, pose: pose) > 0.03 { near += 1 }
      }
    }
    #expect(Double(near) > 0.5 * Double(frames), "\(near) of \(frames)")
  }

  /// Share of the pixels that show something above the floor within `reach` metres.
  private func share(of picture: Picture, nearerThan reach: Float, pose: RigidTransform) -> Double {
    let k = SimulationSettings.defaultCalibration(size: Self.size).intrinsics
    var count = 0
    for y in 0..<Self.size.height {
      for x in 0..<Self.size.width {
        let depth = picture.depth[y * Self.size.width + x]
        guard depth < reach else { continue }
        let ray = k.unproject(u: Double(x), v: Double(y))
        let point = pose.apply(SIMD3(ray.x, ray.y, 1) * Double(depth))
        if point.z > 0.15 { count += 1 }
      }
    }
    return Double(count) / Double(Self.size.pixelCount)
  }

  @Test(arguments: SimulationWorld.allCases)
  func `exact odometry integrates to the camera's path`(world: SimulationWorld) {
    var settings = settings(world)
    settings.cameraForwardMeters = 0.4
    let simulation = Simulation(settings)
    let step = 0.002
    var (x, y, heading) = (0.0, 0.0, 0.0)
    let start = simulation.robot(at: 0)
    (x, y, heading) = (start.x, start.y, start.heading)
    for index in 0..<30_000 {
      let middle = simulation.trueOdometry(at: (Double(index) + 0.5) * step)
      let half = heading + 0.5 * middle.yawRateRadiansPerSecond * step
      x += middle.speedMetersPerSecond * cosine(half) * step
      y += middle.speedMetersPerSecond * sine(half) * step
      heading += middle.yawRateRadiansPerSecond * step
    }
    let camera = simulation.worldFromCamera(at: 60).translation
    #expect(abs(camera.x - (x + 0.4 * cosine(heading))) < 1e-3)
    #expect(abs(camera.y - (y + 0.4 * sine(heading))) < 1e-3)
    #expect(abs(camera.z - settings.cameraHeightMeters) < 1e-12)
  }

  @Test
  func `the robot turns, changes speed and stops now and then`() {
    let simulation = Simulation(settings(.yard, seed: 2))
    let states = (0..<3000).map { simulation.trueOdometry(at: Double($0) * 0.1) }
    #expect((states.map(\.yawRateRadiansPerSecond).max() ?? 0) > 0.1)
    #expect((states.map(\.yawRateRadiansPerSecond).min() ?? 0) < -0.1)
    #expect(states.contains { $0.speedMetersPerSecond == 0 })
    #expect(states.allSatisfy { $0.speedMetersPerSecond >= 0 })
  }

  @Test
  func `noisy odometry is quantised, unbiased, repeatable, and slips when told to`() {
    var settings = settings(.street)
    settings.odometryNoise.slipProbability = 0.5
    let simulation = Simulation(settings)
    let again = Simulation(settings)
    var ratios: [Double] = []
    var slips = 0
    for index in 0..<6000 {
      let reading = simulation.odometryReading(index)
      #expect(reading == again.odometryReading(index))
      let steps = reading.speedMetersPerSecond / settings.odometryNoise.speedQuantum
      #expect(abs(steps - steps.rounded()) < 1e-6)
      let truth = simulation.trueOdometry(at: reading.timeSeconds).speedMetersPerSecond
      guard truth > 1 else { continue }
      if reading.isSlipping { slips += 1 } else { ratios.append(reading.speedMetersPerSecond / truth) }
      if reading.isSlipping { #expect(reading.speedMetersPerSecond > 1.3 * truth) }
    }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    #expect(abs(mean - 1) < 0.002)
    #expect(slips > 100)
  }
}

/// Taylor series, so that the test does not share the simulator's sine.
private func sine(_ x: Double) -> Double {
  var term = x
  var sum = x
  for n in 1..<20 {
    term *= -x * x / Double((2 * n) * (2 * n + 1))
    sum += term
  }
  return sum
}

private func cosine(_ x: Double) -> Double { sine(x + .pi / 2) }
