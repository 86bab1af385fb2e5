import Glibc
import Platform
import Quantities

/// The real daemon as a process of this machine.
final class Daemon {
  static let directory = "/run/depthd"
  static let camera = "front"
  static let configurationPath = "/tmp/config.toml"
  private static let logPath = "/tmp/depthd.log"
  private(set) var processID: pid_t = 0

  /// Starts the daemon on the virtual camera with the network that takes no time.
  convenience init?(format: String, rateHz: Double, node: String = Vivid.node) {
    self.init(camera: Self.liveCamera(format: format, rateHz: rateHz, node: node))
  }

  /// Starts the daemon with that network.
  /// - Parameters:
  ///   - camera: the rest of the table `camera`.
  ///   - more: further tables.
  init?(camera: String, more: String = "") {
    guard Self.configure(camera: camera, more: more),
      let process = Child.start(["/opt/depthd", "--config", Self.configurationPath], log: Self.logPath)
    else { return nil }
    processID = process
  }

  /// Writes a configuration with the virtual camera at a node.
  static func configure(format: String, rateHz: Double, node: String) -> Bool {
    configure(camera: liveCamera(format: format, rateHz: rateHz, node: node), more: "")
  }

  private static func liveCamera(format: String, rateHz: Double, node: String) -> String {
    """
    source = "v4l2:\(node)"
    width = 320
    height = 180
    rate_hz = \(rateHz)
    format = "\(format)"
    discard_first_frames = 2
    [camera.controls]
    timestamp_source = 1
    """
  }

  private static func configure(camera table: String, more: String) -> Bool {
    let text = """
      [camera]
      name = "\(camera)"
      \(table)
      [model]
      path = "/opt/tiny.onnx"
      threads = 1
      [scale]
      constant = 1.0
      [publish]
      directory = "\(directory)"
      [state]
      directory = "/tmp/state"
      \(more)
      """
    guard let file = fopen(configurationPath, "w") else { return false }
    defer { fclose(file) }
    return fputs(text + "\n", file) >= 0
  }

  var isRunning: Bool {
    guard processID > 0 else { return false }
    var status: Int32 = 0
    if waitpid(processID, &status, WNOHANG) == processID { processID = 0 }
    return processID > 0
  }

  /// Asks it to stop; returns the seconds that took, nil if it did not within ten.
  func stop() -> Double? {
    guard isRunning else { return nil }
    let start = MonotonicTime.now()
    kill(processID, SIGTERM)
    while MonotonicTime.now() - start < 10_000_000_000 {
      if !isRunning { return Double(MonotonicTime.now() - start) * 1e-9 }
      usleep(20_000)
    }
    kill(processID, SIGKILL)
    return nil
  }

  /// The last lines of its log, for a failure report.
  static var logTail: String {
    guard let file = fopen(logPath, "r") else { return "no log" }
    defer { fclose(file) }
    var lines: [String] = []
    var buffer = [CChar](repeating: 0, count: 1000)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
      lines.append(String(decoding: bytes, as: UTF8.self))
    }
    return lines.suffix(15).joined(separator: "\n")
  }
}
