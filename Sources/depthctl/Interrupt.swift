// Ctrl-C as a request to finish properly.
import Glibc
import Platform
import Quantities

enum Interrupt {
  private static let flag = StopFlag()

  /// From now on SIGINT and SIGTERM only raise a flag; a second one ends the process.
  static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interrupt.isRequested { _exit(128 + number) }
        Interrupt.flag.raise()
      }
    }
  }

  static var isRequested: Bool { flag.isRaised }

  /// Waits without missing an interrupt for longer than that.
  static func pause(milliseconds: Int) {
    usleep(UInt32(milliseconds) * 1000)
  }
}
