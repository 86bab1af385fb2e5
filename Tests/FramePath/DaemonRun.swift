import Capture
import Decoding
import DepthDaemon
import Glibc
import Logging
import Messaging
import ModelBundle
import Platform
import Quantities
import TestSupport

/// The daemon's own threads, from an endless camera to its sockets with a subscriber to everything.
struct DaemonRun {
  private static let rateHz = 20.0
  private static let warmUpFrames: UInt64 = 40
  private static let rounds = 5

  let buffers: CameraBuffers
  let setup: PathSetup

  /// Counts allocations of the capture, perception and worker threads until `frames` more were published.
  /// - Throws: when the daemon does not start or publishes nothing.
  func count(frames: Int) throws -> [AllocationCheck.Origin] {
    let folder = try TemporaryFolder()
    let crew = try Crew(settings: try settings(in: folder), logger: Logger(label: "framepath"))
    let listener = Listener(EndpointDirectory(path: folder.path))
    let sensor = RangeSensorFeed(endpoint: Self.rangeEndpoint(folder))
    defer {
      sensor.stop()
      listener.stop()
      crew.stop()
    }
    try wait(for: Self.warmUpFrames, of: crew)
    listener.start()
    var origins: [AllocationCheck.Origin] = []
    for _ in 0..<Self.rounds {
      var failure: (any Error)?
      origins = AllocationCheck.count(isOnPath: Self.carriesFrames) {
        do { try wait(for: crew.perception.published.value + UInt64(frames), of: crew) } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      if AllocationCheck.ours(origins) == 0 { break }
    }
    return origins
  }

  /// Every thread but the main one, which only watches, the subscriber's and the sensor's, ZeroMQ's own, and that of
  /// range points, which reads JSON.
  private static func carriesFrames(_ thread: String) -> Bool {
    !["framepath", "listener", "ranges"].contains(thread) && !thread.hasPrefix("ZMQ")
  }

  private static func rangeEndpoint(_ folder: TemporaryFolder) -> String {
    "ipc://\(folder.file("points.sock"))"
  }

  private func settings(in folder: TemporaryFolder) throws -> DaemonSettings {
    let text = """
      [camera]
      source = "v4l2:\(EndlessCamera.path)"
      rate_hz = \(Self.rateHz)
      discard_first_frames = 0
      [model]
      path = "\(setup.model.path.hasPrefix("/") ? setup.model.path : Self.workingFolder + "/" + setup.model.path)"
      [scale]
      constant = 1.0
      [sparse]
      source = "zmq:\(Self.rangeEndpoint(folder))"
      [publish]
      directory = "\(folder.path)"
      preview_rate_hz = 100.0
      points_rate_hz = 100.0
      [state]
      directory = "\(folder.path)"
      """
    let file = folder.file("config.toml")
    try write(text, to: file)
    var settings = try LoadedConfiguration(path: file, environment: [:]).settings
    let buffers = buffers
    settings.calibration = setup.calibration
    settings.openSource = { neededSize in
      let camera = EndlessCamera(buffers, rateHz: Self.rateHz)
      let choice = CameraSettings(
        selector: .path(EndlessCamera.path), size: CameraBuffers.size, rateHz: Self.rateHz,
        format: .fixed(buffers.format.pixelFormat), neededSize: neededSize, discardFirstFrames: 0)
      return V4L2Source(choice, kernel: camera, catalog: camera)
    }
    return settings
  }

  private func wait(for published: UInt64, of crew: Crew) throws {
    let patience = MonotonicTime.now() + 60_000_000_000
    while crew.perception.published.value < published {
      guard MonotonicTime.now() < patience else {
        throw TestFailure("the daemon published only \(crew.perception.published.value) frames in a minute")
      }
      usleep(20_000)
    }
  }

  private func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw TestFailure("\(path) cannot be written") }
    fputs(text, file)
    fclose(file)
  }

  private static var workingFolder: String {
    guard let folder = getcwd(nil, 0) else { return "." }
    defer { free(folder) }
    return String(cString: folder)
  }
}
