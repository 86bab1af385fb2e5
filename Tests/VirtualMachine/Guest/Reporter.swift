import Glibc

/// Prints one line per check and remembers whether all passed.
final class Reporter {
  private(set) var failures = 0

  func check(_ holds: Bool, _ what: String, _ seen: @autoclosure () -> String) {
    if !holds { failures += 1 }
    let line = seen().split(whereSeparator: \.isNewline).joined(separator: " | ")
    say("VM-TEST \(holds ? "pass" : "FAIL"): \(what) (\(line))")
  }

  func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}
