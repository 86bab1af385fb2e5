// A progress bar on standard error, only when a person is watching.
import Glibc
import Platform
import Quantities

/// Shows how far a long command is; silent when standard error is not a terminal.
struct ProgressBar {
  private let label: String
  private let total: Int
  private let isShown: Bool
  private let start = MonotonicTime.now()
  private var lastDrawn: MonotonicTime?

  init(_ label: String, total: Int) {
    self.label = label
    self.total = max(1, total)
    self.isShown = isatty(STDERR_FILENO) == 1
  }

  /// Draws at most ten times a second, and always the last step.
  mutating func show(_ done: Int, _ remark: @autoclosure () -> String = "") {
    guard isShown else { return }
    let now = MonotonicTime.now()
    if let lastDrawn, now - lastDrawn < 100_000_000, done < total { return }
    lastDrawn = now
    let width = 30
    let filled = min(width, done * width / total)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    let seconds = Double(now - start) * 1e-9
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? Int(Double(total - done) / rate) : 0
    let text =
      "\r\(label) [\(bar)] \(done)/\(total) \(Int(rate.rounded()))/s, \(left) s left \(remark())\u{1B}[K"
    let bytes = Array((done >= total ? text + "\n" : text).utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
