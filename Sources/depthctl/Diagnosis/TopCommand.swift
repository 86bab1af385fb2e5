// `depthctl top`: the whole daemon on one screen of 80 by 24.
import ArgumentParser
import DepthClient
import Foundation
import Glibc
import Messaging
import Platform
import Quantities
import WireFormat

struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Watch the daemon on one screen.",
    discussion: "Fits 80 columns and 24 rows, wants no colours and works over ssh. Ends with q or Ctrl-C.")

  @OptionGroup var options: ClientOptions
  @Option(help: "Camera [default: the first].") var camera: String?
  @Option(help: "Seconds between two looks.") var interval = 1.0
  @Flag(help: "Print the screen once, as text, and end.") var once = false

  func run() throws {
    Interrupt.watch()
    let watch = try TopWatch(options.directory, camera: camera)
    // The first health message and the first depth are at most about a second away.
    watch.look(seconds: once ? 1.5 : 0.5)
    if once || isatty(STDOUT_FILENO) == 0 {
      // Load is measured between two looks.
      watch.look(seconds: 1)
      return print(TopScreen(watch.state).lines.joined(separator: "\n"))
    }
    let terminal = RawTerminal()
    defer { terminal.close() }
    while !Interrupt.isRequested {
      terminal.show(TopScreen(watch.state).lines)
      watch.look(seconds: max(0.1, interval)) { terminal.isAskedToEnd() }
      if terminal.isAskedToEnd() { break }
    }
  }
}

/// The terminal while `top` has it: keys come one by one, and what was there before comes back.
final class RawTerminal {
  private var before = termios()
  private let isTerminal: Bool
  private var wasAskedToEnd = false

  init() {
    isTerminal = tcgetattr(STDIN_FILENO, &before) == 0
    if isTerminal {
      var raw = before
      raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
      withUnsafeMutableBytes(of: &raw.c_cc) { keys in
        keys[Int(VMIN)] = 0
        keys[Int(VTIME)] = 0
      }
      tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    }
    write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
  }

  func close() {
    write("\u{1B}[?25h\u{1B}[?1049l")
    if isTerminal { tcsetattr(STDIN_FILENO, TCSANOW, &before) }
  }

  /// Draws the lines, cut to the terminal's size.
  func show(_ lines: [String]) {
    let size = TerminalSize(of: STDOUT_FILENO) ?? TerminalSize(columns: 80, rows: 24)
    let body = lines.prefix(size.rows).map { String($0.prefix(size.columns)) }
    write("\u{1B}[H" + body.joined(separator: "\u{1B}[K\r\n") + "\u{1B}[K\u{1B}[J")
  }

  /// Whether `q` was pressed, now or before.
  func isAskedToEnd() -> Bool {
    var key: UInt8 = 0
    while isTerminal, read(STDIN_FILENO, &key, 1) == 1 {
      if key == UInt8(ascii: "q") || key == UInt8(ascii: "Q") { wasAskedToEnd = true }
    }
    return wasAskedToEnd
  }

  private func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
