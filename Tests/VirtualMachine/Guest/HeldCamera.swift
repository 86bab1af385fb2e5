import Capture
import Glibc
import Quantities

/// A camera that another program streams from: this one, started again as `vm-guest-test hold NODE`.
struct HeldCamera {
  let processID: pid_t
  /// How the program is named where the kernel lists processes.
  static let programName = "vm-guest-test"
  private static let sign = "/tmp/holding"

  /// Returns when the other program has frames; nil when it gets none.
  init?(_ node: String) {
    unlink(Self.sign)
    guard let id = Child.start(["/opt/vm-guest-test", "hold", node], log: "/tmp/hold.log") else { return nil }
    processID = id
    for _ in 0..<300 {
      if access(Self.sign, F_OK) == 0 { return }
      usleep(100_000)
    }
    release()
    return nil
  }

  func release() { Child.end(processID) }

  /// What the other program does: streams until it is killed.
  static func hold(_ node: String) {
    let camera = Camera(
      CameraSettings(
        selector: .path(node), size: ImageSize(width: 320, height: 180), rateHz: 10, format: .automatic,
        discardFirstFrames: 0))
    while true {
      if camera.observe(seconds: 1).frames > 0, let file = fopen(sign, "w") { fclose(file) }
    }
  }
}
