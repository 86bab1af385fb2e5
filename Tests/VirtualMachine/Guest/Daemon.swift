import Glibc
import Platform
import Quantities

/// The real daemon as a process of this machine.
final class Daemon {
  static let directory = "/run/depthd"
  static let camera = "front"
  private static let configurationPath = "/tmp/config.toml"
  private static let logPath = "/tmp/depthd.log"
  private(set) var processID: pid_t = 0

  /// Starts the daemon on the virtual camera with the network that takes no time.
  convenience init?(format: String, rateHz: Double) {
    self.init(
      camera: """
        source = "v4l2:\(Vivid.node)"
        width = 320
        height = 180
        rate_hz = \(rateHz)
        format = "\(format)"
        discard_first_frames = 2
        [camera.controls]
        timestamp_source = 1
        """)
  }

  /// Starts the daemon with that network.
  /// - Parameters:
  ///   - camera: the rest of the table `camera`.
  ///   - more: further tables.
  init?(camera: String, more: String = "") {
    let text = """
      [camera]
      name = "\(Self.camera)"
      \(camera)
      [model]
      path = "/opt/tiny.onnx"
      threads = 1
      [scale]
      constant = 1.0
      [publish]
      directory = "\(Self.directory)"
      [state]
      directory = "/tmp/state"
      \(more)
      """
    guard let file = fopen(Self.configurationPath, "w") else { return nil }
    fputs(text + "\n", file)
    fclose(file)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in [1, 2] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, Self.logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    }
    let words = ["/opt/depthd", "--config", Self.configurationPath]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    guard posix_spawn(&processID, words[0], &actions, nil, arguments, environ) == 0 else { return nil }
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
