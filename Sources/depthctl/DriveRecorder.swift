// Frames, truth and odometry of one camera, matched by capture time and written in order.
import DepthClient
import Drive
import Geometry
import ImageBuffers
import Messaging
import Platform
import Quantities
import WireFormat

final class DriveRecorder {
  /// How long a frame waits for its truth before it is stored without.
  private static let patienceMilliseconds = 300

  private let client: DepthClient
  private let camera: String
  private let images: FrameSubscription
  private let depths: FrameSubscription
  private let expectsDepth: Bool
  private var pending: [MonotonicTime: ReceivedFrame] = [:]
  private var writer: DriveWriter?
  private var startTime = MonotonicTime(nanoseconds: 0)
  private var lastOdometryTime = -Double.infinity
  private var framesWithDepth = 0

  init(_ client: DepthClient, camera: String, ownDepth: Bool) throws {
    self.client = client
    self.camera = camera
    let truth = try Topic(camera: camera, .truth)
    let hasTruth = client.status.info?.cameras.contains { $0.topics.contains(truth.name) } ?? false
    expectsDepth = hasTruth || ownDepth
    // A queue of many seconds: a slow disk delays the recording, it does not thin it out.
    images = try client.subscribe(camera: camera, .image, delivery: .everything(queue: 600))
    depths = try client.subscribe(
      camera: camera, hasTruth || !ownDepth ? .truth : .depth, delivery: .everything(queue: 600))
  }

  var frameCount: Int { writer?.frameCount ?? 0 }

  var lostFrames: UInt64 { images.statistics.lost + images.statistics.displaced }

  var summary: String {
    let odometry = writer?.odometryCount ?? 0
    return "\(frameCount) frames (\(lostFrames) lost), \(framesWithDepth) with depth, "
      + "\(odometry) odometry readings"
  }

  /// The camera's calibration when it fits the stored frames.
  func calibration(for size: ImageSize) -> CameraCalibration? {
    let calibration = client.status.calibration(ofCamera: camera)?.calibration
    return calibration?.size == size ? calibration : nil
  }

  /// Stores the next frame and the odometry up to it; returns after at most 100 ms without a frame.
  func step(_ open: (ImageSize) throws -> DriveWriter) throws {
    guard let frame = images.next(milliseconds: 100), frame.header.encoding == .jpeg else { return }
    if writer == nil {
      writer = try open(frame.header.size)
      startTime = frame.header.captureTime
    }
    guard let writer else { return }
    let record = DriveWriter.FrameRecord(
      timeSeconds: Double(frame.header.captureTime - startTime) * 1e-9)
    let depth = try takeDepth(of: frame, writer.manifest.size)
    if let depth {
      framesWithDepth += 1
      let plane: Plane<Float>? = try depth.makeDepthPlane()
      try frame.withPayload { try writer.append(record, jpeg: $0, depth: plane) }
    } else {
      try frame.withPayload { try writer.append(record, jpeg: $0) }
    }
    try storeOdometry(writer)
  }

  /// Completes the folder.
  ///
  /// False when there is nothing in it.
  func finish() throws -> Bool {
    guard let writer else { return false }
    try storeOdometry(writer)
    try writer.finish()
    return true
  }

  /// Depth captured at the very moment of the frame and of the frame's size.
  private func takeDepth(of frame: ReceivedFrame, _ size: ImageSize) throws -> ReceivedFrame? {
    guard expectsDepth else { return nil }
    let deadline = MonotonicTime.now() + Int64(Self.patienceMilliseconds) * 1_000_000
    let moment = frame.header.captureTime
    while pending[moment] == nil, MonotonicTime.now() < deadline {
      guard let depth = depths.next(milliseconds: 20) else { continue }
      pending[depth.header.captureTime] = depth
      // Depth comes in order: once a later one is here, this frame's is lost.
      if depth.header.captureTime > moment { break }
    }
    let match = pending.removeValue(forKey: moment)
    pending = pending.filter { $0.key > moment }
    return match?.header.size == size ? match : nil
  }

  private func storeOdometry(_ writer: DriveWriter) throws {
    for message in client.status.takeOdometry() {
      let time = Double(message.sample.time - startTime) * 1e-9
      guard time >= 0, time > lastOdometryTime else { continue }
      lastOdometryTime = time
      try writer.appendOdometry(
        timeSeconds: time, speedMetersPerSecond: message.sample.speedMetersPerSecond,
        yawRateRadiansPerSecond: message.sample.yawRateRadiansPerSecond)
    }
  }
}
