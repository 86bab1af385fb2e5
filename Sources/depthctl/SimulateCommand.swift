// `depthctl simulate`: a drive folder with exact truth.
public import ArgumentParser
import Drive
import Geometry
import ImageBuffers
import Quantities
public import Simulation

extension SimulationWorld: ExpressibleByArgument {}

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Record a simulated drive with exact depth, poses and odometry.",
    discussion: "An interrupted recording continues where it stopped when the same command is given again.")

  @Option(
    help: "World to drive through: \(SimulationWorld.allCases.map(\.rawValue).joined(separator: ", ")).")
  var world: SimulationWorld
  @Option(help: "Number of frames.") var frames: Int
  @Option(help: "Folder to create.") var out: String
  @Option(help: "Seed: another seed is another place, other light, other things.") var seed: UInt64 = 1
  @Option(help: "Image size.") var size = ImageSize(width: 640, height: 480)
  @Option(help: "Focal length, pixels [default: 420 for a width of 640, in proportion for others].")
  var fx: Double?
  @Option(help: "Camera height above the floor, m [default: by world, 0.6 to 1.5].") var cameraHeight: Double?
  @Option(help: "Camera pitch, degrees, positive looking down.") var cameraPitch = 0.0
  @Option(help: "Camera position ahead of the robot's turning centre, m.") var cameraForward = 0.0
  @Option(help: "Frames per second.") var rate = 30.0
  @Option(help: "Time of the first frame, s after the start of the world.") var start = 0.0
  @Option(help: "Write sparse/ with this many beams of a range sensor.") var sparseBeams: Int?
  @Option(help: "Write sparse/ with this many random range points.") var sparsePoints: Int?
  @Option(help: "Write sparse/ at this many corners of the image.") var sparseCorners: Int?
  @Flag(help: "The range sensor sees the left half alone.") var sparseHalfBlind = false
  @Flag(help: "Bend the image like a cheap wide lens.") var distortion = false
  @Option(help: "Pixel noise, 8-bit steps.") var noise = 1.5
  @Option(help: "Depth of slow exposure changes, 0 to 1.") var exposureSwing = 0.15
  @Option(help: "Depth of lamp flicker bands, 0 to 1.") var flicker = 0.0
  @Option(help: "Share of 4 s slots in which the wheels slip for a second.") var slip = 0.0
  @Option(help: "Constant error of the wheel radius, 0.02 = odometry 2 % fast.") var wheelError = 0.0
  @Flag(help: "Odometry without noise and quantisation.") var exactOdometry = false

  func validate() throws {
    try require(frames > 0, "--frames must be at least 1")
    try require(size.width >= 16 && size.height >= 16, "--size must be at least 16x16")
    try require(rate > 0 && rate <= 1000, "--rate must be above 0 and at most 1000")
    try require(fx.map { $0 > 0 } ?? true, "--fx must be positive")
    try require(cameraHeight.map { $0 > 0.02 } ?? true, "--camera-height must be above 0.02")
    try require(abs(cameraPitch) < 60, "--camera-pitch must be between -60 and 60")
    try require(start >= 0, "--start must not be negative")
    let counts = [sparseBeams, sparsePoints, sparseCorners].compactMap { $0 }
    try require(counts.count < 2, "give one of --sparse-beams, --sparse-points and --sparse-corners")
    try require(counts.allSatisfy { $0 > 0 }, "the sparse options need at least 1")
  }

  private func require(_ isRight: Bool, _ message: String) throws {
    guard isRight else { throw ValidationError(message) }
  }

  func run() throws {
    let settings = settings
    let simulation = Simulation(settings)
    let writer = try DriveWriter(
      directory: out, manifest: manifest(settings), calibration: settings.mountedCalibration)
    var image = RGBImage(size: size)
    var depth: Plane<Float>? = Plane(width: size.width, height: size.height)
    let executor = SerialExecutor()
    var progress = ProgressBar("simulate \(world.rawValue)", total: frames)
    for frame in writer.frameCount..<max(frames, writer.frameCount) {
      let time = start + simulation.time(ofFrame: frame)
      simulation.render(at: time, frame: frame, executor: executor, into: &image, trueDepth: &depth)
      let record = DriveWriter.FrameRecord(
        timeSeconds: time - start, worldFromCamera: simulation.worldFromCamera(at: time))
      try writer.append(
        record, image: image, depth: depth, sparse: sparse(of: depth, image, settings, frame: frame))
      try writeOdometry(simulation, writer, until: time)
      progress.show(frame + 1)
    }
    try writer.finish()
    print("\(out): \(writer.frameCount) frames of \(size), world \(world.rawValue), seed \(seed)")
  }

  private var settings: SimulationSettings {
    var settings = SimulationSettings(
      world: world, seed: seed,
      calibration: SimulationSettings.defaultCalibration(size: size, fx: fx, distorted: distortion))
    if let cameraHeight { settings.cameraHeightMeters = cameraHeight }
    settings.cameraPitchRadians = cameraPitch * .pi / 180
    settings.cameraForwardMeters = cameraForward
    settings.rateHz = rate
    settings.pixelNoise = noise
    settings.exposureSwing = exposureSwing
    settings.lampFlicker = flicker
    if exactOdometry { settings.odometryNoise = .none }
    settings.odometryNoise.slipProbability = slip
    settings.odometryNoise.wheelScaleError = wheelError
    return settings
  }

  private func manifest(_ settings: SimulationSettings) -> DriveManifest {
    DriveManifest(
      name: "sim_\(world.rawValue)_\(seed)", kind: .sequence, size: size, nominalRateHz: rate,
      licence: "Apache-2.0 (generated)", origin: "depthctl simulate --world \(world.rawValue) --seed \(seed)",
      note: "rendered; depth and poses exact, odometry with noise; poses: world x forward, y left, z up",
      cameraHeightMeters: settings.cameraHeightMeters)
  }

  /// Range returns drawn into an otherwise empty plane; the nearest wins within a pixel.
  private func sparse(
    of depth: borrowing Plane<Float>?, _ image: borrowing RGBImage, _ settings: SimulationSettings,
    frame: Int
  ) -> Plane<Float>? {
    let pattern: RangeScan.Pattern
    if let sparseBeams {
      pattern = .beams(sparseBeams)
    } else if let sparsePoints {
      pattern = .points(sparsePoints)
    } else if let sparseCorners {
      pattern = .corners(sparseCorners)
    } else {
      return nil
    }
    var plane = Plane<Float>(width: size.width, height: size.height)
    var scan = RangeScan(pattern, seed: seed)
    scan.isHalfBlind = sparseHalfBlind
    let points: [RangeScan.Point]
    switch depth {
    case .none: points = []
    case .some(let depth):
      points = scan.measure(depth, image: image, calibration: settings.calibration, frame: frame)
    }
    for point in points {
      let known = plane.row(point.y)[point.x]
      var row = plane.mutableRow(point.y)
      row[point.x] = known > 0 ? min(known, point.depthMeters) : point.depthMeters
    }
    return plane
  }

  /// Everything the odometry read up to the frame's time, in the drive's own clock.
  private func writeOdometry(
    _ simulation: Simulation, _ writer: DriveWriter, until time: Double
  ) throws {
    let rate = simulation.settings.odometryRateHz
    let first = Int((start * rate).rounded(.up))
    while true {
      let reading = simulation.odometryReading(first + writer.odometryCount)
      guard reading.timeSeconds <= time + 1 / simulation.settings.rateHz else { return }
      try writer.appendOdometry(
        timeSeconds: reading.timeSeconds - start, speedMetersPerSecond: reading.speedMetersPerSecond,
        yawRateRadiansPerSecond: reading.yawRateRadiansPerSecond)
    }
  }
}
