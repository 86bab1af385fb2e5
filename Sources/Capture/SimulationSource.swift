import Geometry
public import ImageBuffers
import Platform
public import Quantities
public import Simulation

/// A simulated camera: frames at their times on the monotonic clock, with exact depth and odometry.
public final class SimulationSource: FrameSource {
  public let frameSize: ImageSize
  public let carriesTruth = true
  public let nominalRateHz: Double
  private let simulation: Simulation
  private let executor: any ParallelExecutor
  private let isPaced: Bool
  private let rangeScans: [RangeScan]
  private let calibration: CameraCalibration
  private let start: MonotonicTime
  private var nextFrame = 0
  private var nextReading = 0
  /// How long a frame takes to draw, averaged over about eight.
  private var drawingNanoseconds: Int64 = 0

  /// - Parameters:
  ///   - executor: draws the rows of a frame.
  ///   - isPaced: deliver in real time, leaving out frames that the machine is too slow for; else every frame
  ///     as fast as it can be drawn.
  ///   - rangeScans: what range sensors at the camera measure.
  ///   - start: the moment of the first frame; nil = now.
  public init(
    _ settings: SimulationSettings, executor: any ParallelExecutor = SerialExecutor(), isPaced: Bool = true,
    rangeScans: [RangeScan] = [], start: MonotonicTime? = nil
  ) {
    simulation = Simulation(settings)
    frameSize = settings.calibration.size
    nominalRateHz = settings.rateHz
    self.executor = executor
    self.isPaced = isPaced
    self.rangeScans = rangeScans
    calibration = settings.calibration
    self.start = start ?? .now()
  }

  public func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> FrameOutcome {
    guard lease.frame.image.size == frameSize else { return .reconfigured }
    let frame = isPaced ? reachableFrame() : nextFrame
    let captureTime = time(ofFrame: frame)
    // Drawing ends at the capture time, so it begins before; a machine that draws slowly still gets its frames.
    if isPaced, captureTime - deadline > drawingNanoseconds {
      Pace.sleep(until: deadline)
      return .timeout
    }
    let seconds = simulation.time(ofFrame: frame)
    let begin = MonotonicTime.now()
    draw(frame, into: &lease.frame, at: seconds)
    drawingNanoseconds += (MonotonicTime.now() - begin - drawingNanoseconds) / 8
    if isPaced { Pace.sleep(until: captureTime) }
    lease.frame.metadata.captureTime = captureTime
    lease.frame.metadata.timeSource = .recorded
    lease.frame.metadata.sequence = UInt64(frame)
    lease.frame.metadata.lostBefore = UInt64(frame - nextFrame)
    lease.frame.metadata.sourceTimeSeconds = seconds
    nextFrame = frame + 1
    return .frame
  }

  private func draw(_ number: Int, into frame: inout CameraFrame, at seconds: Double) {
    // Two fields of one frame cannot both be lent out in place: the depth plane is taken out and put back.
    var depth = frame.trueDepth.take()
    simulation.render(
      at: seconds, frame: number, executor: executor, into: &frame.image, trueDepth: &depth)
    measure(depth, frame.image, number, into: &frame.rangePixels)
    frame.trueDepth = depth.take()
  }

  private func measure(
    _ depth: borrowing Plane<Float>?, _ image: borrowing RGBImage, _ number: Int,
    into pixels: inout [RangePixel]
  ) {
    pixels.removeAll(keepingCapacity: true)
    switch depth {
    case .none: return
    case .some(let depth):
      for scan in rangeScans {
        for point in scan.measure(depth, image: image, calibration: calibration, frame: number) {
          pixels.append(RangePixel(u: Float(point.x), v: Float(point.y), depthMeters: point.depthMeters))
        }
      }
    }
  }

  /// The next frame that can be drawn by its time.
  ///
  /// Frames before it are lost, like those of a camera that nobody reads.
  private func reachableFrame() -> Int {
    let ready = Double(MonotonicTime.now() + drawingNanoseconds - start) * 1e-9
    return max(nextFrame, Int((ready * nominalRateHz).rounded(.up)))
  }

  private func time(ofFrame index: Int) -> MonotonicTime {
    start + Int64((simulation.time(ofFrame: index) * 1e9).rounded())
  }

  public func takeOdometry(upTo time: MonotonicTime) -> [OdometrySample] {
    var samples: [OdometrySample] = []
    while true {
      let reading = simulation.odometryReading(nextReading)
      let moment = start + Int64((reading.timeSeconds * 1e9).rounded())
      guard moment <= time else { return samples }
      samples.append(
        OdometrySample(
          time: moment, speedMetersPerSecond: reading.speedMetersPerSecond,
          yawRateRadiansPerSecond: reading.yawRateRadiansPerSecond))
      nextReading += 1
    }
  }
}
