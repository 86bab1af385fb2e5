public import Geometry
public import ImageBuffers
public import Quantities

/// A robot that drives through a procedural world: pictures, exact depth, poses, odometry and range scans.
///
/// Everything is a function of settings and time: the same frame has the same bytes on every run, whichever
/// frames were drawn before it. Owned by one thread; the executor may use more for one frame.
public final class Simulation {
  public let settings: SimulationSettings
  private let world: any World
  private let renderer: SceneRenderer
  /// Pieces of the world drawn lately, by number.
  private var pieces: [Int: [Primitive]] = [:]
  private var scene = Scene()

  public init(_ settings: SimulationSettings) {
    self.settings = settings
    self.world = Self.makeWorld(settings.world, seed: settings.seed)
    self.renderer = SceneRenderer(rays: CameraRays(settings.calibration))
  }

  private static func makeWorld(_ world: SimulationWorld, seed: UInt64) -> any World {
    switch world {
    case .corridor: CorridorWorld(seed: seed)
    case .street: StreetWorld(seed: seed)
    case .yard: YardWorld(seed: seed)
    }
  }

  /// Seconds after the start at which a frame is taken.
  public func time(ofFrame index: Int) -> Double {
    Double(index) / settings.rateHz
  }

  /// The pose of the camera.
  ///
  /// World axes: x forward at the start, y left, z up; camera axes: x right, y down, z forward. Metres.
  public func worldFromCamera(at time: Double) -> RigidTransform {
    let robot = world.path.state(at: time)
    let pitch = pitch(at: time)
    let (sinHeading, cosHeading) = (SimulationMath.sine(robot.heading), SimulationMath.cosine(robot.heading))
    let (sinPitch, cosPitch) = (SimulationMath.sine(pitch), SimulationMath.cosine(pitch))
    let right = SIMD3(sinHeading, -cosHeading, 0)
    let forward = SIMD3(cosHeading * cosPitch, sinHeading * cosPitch, -sinPitch)
    let down = SIMD3(-cosHeading * sinPitch, -sinHeading * sinPitch, -cosPitch)
    let lever = settings.cameraForwardMeters
    let place = SIMD3(
      robot.x + lever * cosHeading, robot.y + lever * sinHeading, settings.cameraHeightMeters)
    return RigidTransform(
      rotation: [
        right.x, down.x, forward.x, right.y, down.y, forward.y, right.z, down.z, forward.z,
      ], translation: place)
  }

  /// The set pitch and a little shake that grows with speed.
  private func pitch(at time: Double) -> Double {
    let robot = world.path.state(at: time)
    let shake = 0.002 * min(1, robot.speed)
    return settings.cameraPitchRadians + shake
      * (SimulationMath.sine(7.3 * time) + 0.5 * SimulationMath.sine(17.9 * time + 1))
  }

  /// Draws the frame taken at `time`.
  /// - Parameters:
  ///   - frame: seeds the pixel noise; use the frame's number.
  ///   - image: receives the picture; must have the calibration's size.
  ///   - trueDepth: receives metres along the optical axis of the same pixels, +Inf = sky; may be nil.
  public func render(
    at time: Double, frame: Int, executor: any ParallelExecutor, into image: inout RGBImage,
    trueDepth: inout Plane<Float>?
  ) {
    assembleScene(at: time)
    renderer.render(
      scene, sensor: sensor(at: time, frame: frame), executor: executor, into: &image, trueDepth: &trueDepth)
  }

  private func sensor(at time: Double, frame: Int) -> PixelSensor {
    var sensor = PixelSensor()
    let swing = settings.exposureSwing
    let wave = SimulationMath.sine(0.7 * time) + 0.5 * SimulationMath.sine(1.9 * time + 2)
    let base: Float = settings.world == .corridor ? 1.05 : 0.85
    sensor.gain = base * Float(1 + swing * wave / 1.5)
    sensor.noise = Float(settings.pixelNoise)
    sensor.flicker = Float(settings.lampFlicker)
    sensor.flickerPhase = Float((time * 3.7).truncatingRemainder(dividingBy: 1))
    sensor.seed = UInt32(
      truncatingIfNeeded: SimulationRandom.mix(settings.seed &+ UInt64(bitPattern: Int64(frame))))
    return sensor
  }

  /// Collects the solids around the camera, relative to it.
  private func assembleScene(at time: Double) {
    let robot = world.path.state(at: time)
    let pose = worldFromCamera(at: time)
    let camera = pose.translation
    scene.primitives.removeAll(keepingCapacity: true)
    let first = Int(((camera.x - world.sightBehind) / world.pieceLength).rounded(.down))
    let last = Int(((camera.x + world.sightAhead) / world.pieceLength).rounded(.down))
    for index in first...last {
      let start = Double(index) * world.pieceLength
      let shift = Vector3(Float(start - camera.x), Float(-camera.y), Float(-camera.z))
      for solid in piece(index) { scene.primitives.append(solid.placed(at: shift)) }
    }
    let shift = Vector3(Float(robot.x - camera.x), Float(-camera.y), Float(-camera.z))
    for solid in world.moving(at: time, robot: robot) { scene.primitives.append(solid.placed(at: shift)) }
    pieces = pieces.filter { $0.key >= first - 1 && $0.key <= last }
    orient(pose)
  }

  private func piece(_ index: Int) -> [Primitive] {
    if let known = pieces[index] { return known }
    let new = world.piece(index)
    pieces[index] = new
    return new
  }

  private func orient(_ worldFromCamera: RigidTransform) {
    func axis(_ column: Int) -> Vector3 {
      Vector3(
        Float(worldFromCamera.rotation[column]), Float(worldFromCamera.rotation[3 + column]),
        Float(worldFromCamera.rotation[6 + column]))
    }
    let camera = worldFromCamera.translation
    scene.right = axis(0)
    scene.down = axis(1)
    scene.forward = axis(2)
    scene.floorHeight = Float(-camera.z)
    scene.floor = world.floor
    scene.ceilingHeight = world.ceiling.map { $0.height - Float(camera.z) }
    if let ceiling = world.ceiling { scene.ceiling = ceiling.material }
    // Patterns repeat after 4096 m, so that single precision keeps a quarter of a millimetre.
    let wrapped = camera.x - (camera.x / 4096).rounded(.down) * 4096
    scene.patternOrigin = SIMD2(Float(wrapped), Float(camera.y))
    scene.lighting = world.lighting
  }

  /// The robot's own planar state: heading in radians to the left, speed in m/s, yaw rate in rad/s.
  package func robot(at time: Double) -> CameraPath.State {
    world.path.state(at: time)
  }

  /// Exact body velocity.
  ///
  /// `time` counts from the start of the drive.
  public func trueOdometry(at time: Double) -> (speedMetersPerSecond: Double, yawRateRadiansPerSecond: Double)
  {
    let robot = world.path.state(at: time)
    return (robot.speed, robot.yawRate)
  }
}
