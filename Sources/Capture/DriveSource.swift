public import Drive
public import ImageBuffers
import Platform
public import Quantities

/// A recorded drive played as if it happened now: recorded times are moved onto the monotonic clock.
public final class DriveSource: FrameSource {
  /// How a drive is played.
  public struct Playback: Equatable, Sendable {
    /// Deliver frames at their times, leaving out those that come too late; else each as soon as asked for.
    public var isPaced = true
    /// Begin again after the last frame; time goes on rising.
    public var loops = false
    /// Frames per second where the recording does not say.
    public var fallbackRateHz = 10.0

    public init() {}
  }

  public let frameSize: ImageSize
  public let carriesTruth: Bool
  public let nominalRateHz: Double
  /// The drive being played.
  public let drive: DriveReader
  private let playback: Playback
  /// Range points of a frame as they are stored; nil for a drive without any.
  private var sparse: Plane<Float>?
  private let start: MonotonicTime
  /// When each frame is due and how long one pass takes, seconds after the first frame.
  private let frameSeconds: [Double]
  private let passSeconds: Double
  /// The recorded time that is the start of playback.
  private let firstSeconds: Double
  private var position = Position()
  private var odometryPosition = Position()

  /// A place in an endless playback.
  private struct Position {
    var pass = 0
    var index = 0
    /// Frames delivered or skipped since the start.
    var count: UInt64 = 0

    mutating func advance(in length: Int) {
      index += 1
      count += 1
      if index == length {
        index = 0
        pass += 1
      }
    }
  }

  /// Opens a drive folder.
  /// - Parameter start: the moment of the first frame; nil = now.
  /// - Throws: the reader's errors, and `.badText` for a drive without frames.
  public init(
    directory: String, playback: Playback = Playback(), start: MonotonicTime? = nil
  ) throws(DriveError) {
    let drive = try DriveReader(directory: directory)
    guard !drive.frames.isEmpty else {
      throw .badText(path: directory + "/frames.csv", line: nil, reason: "there is no frame to play")
    }
    self.drive = drive
    self.playback = playback
    let rate = Self.rate(of: drive, fallback: playback.fallbackRateHz)
    firstSeconds = drive.frames[0].timeSeconds ?? 0
    let first = firstSeconds
    frameSeconds = drive.frames.enumerated().map { index, frame in
      frame.timeSeconds.map { $0 - first } ?? Double(index) / rate
    }
    passSeconds = (frameSeconds.last ?? 0) + 1 / rate
    nominalRateHz = rate
    frameSize = drive.manifest.size
    carriesTruth = drive.hasDepth
    if drive.hasSparse { sparse = Plane(width: frameSize.width, height: frameSize.height) }
    self.start = start ?? .now()
  }

  /// The manifest's rate, or that of the recorded times, or the fallback.
  private static func rate(of drive: DriveReader, fallback: Double) -> Double {
    if drive.manifest.nominalRateHz > 0 { return drive.manifest.nominalRateHz }
    guard let first = drive.frames.first?.timeSeconds, let last = drive.frames.last?.timeSeconds, last > first
    else { return fallback }
    return Double(drive.frames.count - 1) / (last - first)
  }

  public func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> FrameOutcome {
    guard lease.frame.image.size == frameSize else { return .reconfigured }
    guard playback.loops || position.pass == 0 else { return .ended }
    let before = position
    if playback.isPaced { skipLateFrames() }
    let captureTime = time(of: position)
    if playback.isPaced, captureTime > deadline {
      position = before
      Pace.sleep(until: deadline)
      return .timeout
    }
    defer { position.advance(in: frameSeconds.count) }
    do {
      try read(position.index, into: &lease.frame)
    } catch {
      return .corrupt(.badSource(source: "drive:" + drive.directory, reason: "\(error)"))
    }
    if playback.isPaced { Pace.sleep(until: captureTime) }
    lease.frame.metadata.captureTime = captureTime
    lease.frame.metadata.timeSource = .recorded
    lease.frame.metadata.sequence = position.count
    lease.frame.metadata.lostBefore = position.count - before.count
    lease.frame.metadata.sourceTimeSeconds = drive.frames[position.index].timeSeconds
    return .frame
  }

  private func read(_ index: Int, into frame: inout CameraFrame) throws(DriveError) {
    let begin = MonotonicTime.now()
    try drive.readImage(index, into: &frame.image)
    frame.metadata.decodeNanoseconds = MonotonicTime.now() - begin
    frame.isRangeSensorBeside = sparse != nil
    try readSparse(index, into: &frame.rangePixels)
    guard var depth = frame.trueDepth.take() else { return }
    // The plane goes back into the frame whatever happens; a lost one would be missed by every later frame.
    let result: Result<Bool, DriveError>
    do { result = .success(try drive.readDepth(index, into: &depth)) } catch { result = .failure(error) }
    frame.trueDepth = consume depth
    _ = try result.get()
  }

  private func readSparse(_ index: Int, into pixels: inout [RangePixel]) throws(DriveError) {
    pixels.removeAll(keepingCapacity: true)
    guard var plane = sparse.take() else { return }
    let result: Result<Bool, DriveError>
    do { result = .success(try drive.readDepth(index, from: .sparse, into: &plane)) } catch {
      result = .failure(error)
    }
    for y in 0..<plane.height {
      let row = plane.row(y)
      for x in 0..<plane.width where row[x] > 0 && row[x] < .infinity {
        pixels.append(RangePixel(u: Float(x), v: Float(y), depthMeters: row[x]))
      }
    }
    sparse = consume plane
    _ = try result.get()
  }

  /// A frame whose successor is due already was missed.
  private func skipLateFrames() {
    let now = MonotonicTime.now()
    while true {
      var successor = position
      successor.advance(in: frameSeconds.count)
      guard playback.loops || successor.pass == 0, time(of: successor) <= now else { return }
      position = successor
    }
  }

  private func time(of position: Position) -> MonotonicTime {
    moment(pass: position.pass, seconds: frameSeconds[position.index])
  }

  private func moment(pass: Int, seconds: Double) -> MonotonicTime {
    start + Int64(((Double(pass) * passSeconds + seconds) * 1e9).rounded())
  }

  public func takeOdometry(upTo time: MonotonicTime) -> [OdometrySample] {
    var samples: [OdometrySample] = []
    let readings = drive.odometry
    guard !readings.isEmpty else { return samples }
    while playback.loops || odometryPosition.pass == 0 {
      let reading = readings[odometryPosition.index]
      let seconds = reading.timeSeconds - firstSeconds
      let moment = moment(pass: odometryPosition.pass, seconds: seconds)
      guard moment <= time else { break }
      // Readings outside the pass would overlap with those of the passes beside it.
      if !playback.loops || (seconds >= 0 && seconds < passSeconds) {
        samples.append(
          OdometrySample(
            time: moment, speedMetersPerSecond: reading.speedMetersPerSecond,
            yawRateRadiansPerSecond: reading.yawRateRadiansPerSecond))
      }
      odometryPosition.advance(in: readings.count)
    }
    return samples
  }
}
