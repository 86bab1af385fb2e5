// `depthctl view`: live depth in a terminal, or as plain lines where there is none.
import ArgumentParser
import DepthClient
import Foundation
import Glibc
import ImageBuffers
import ImageCodecs
import Messaging
import Platform
import Quantities
import WireFormat

struct ViewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Show live depth in the terminal. End with Ctrl-C.")

  @OptionGroup var options: ClientOptions
  @Option(help: "Camera to show [default: the first].") var camera: String?
  @Option(help: "End after this many seconds.") var seconds: Double?
  @Option(help: "Most pictures per second.") var fps = 10.0
  @Flag(help: "Plain lines even in a terminal.") var plain = false

  func run() throws {
    Interrupt.watch()
    let directory = options.directory
    let client = try DepthClient(directory)
    let started = MonotonicTime.now()
    print("waiting for depthd in \(directory.path)", to: &standardError)
    let name = try client.camera(named: camera, milliseconds: 20_000)
    let live = try LiveDepth(client, camera: name)
    let end = seconds.map { started + Int64($0 * 1e9) } ?? MonotonicTime(nanoseconds: .max)
    let screen = plain ? nil : TerminalSize(of: STDOUT_FILENO).map { TerminalView(live, directory, $0) }
    screen?.open()
    defer { screen?.close() }
    var nextPicture = started
    while !Interrupt.isRequested, MonotonicTime.now() < end {
      let isFresh = try live.update(milliseconds: 100)
      let now = MonotonicTime.now()
      guard now >= nextPicture else { continue }
      if let screen {
        try screen.draw(isFresh: isFresh)
        nextPicture = now + Int64(1e9 / max(0.5, fps))
      } else {
        print(ViewText.line(live, seconds: Double(now - started) * 1e-9))
        fflush(nil)
        nextPicture = now + 1_000_000_000
      }
    }
  }
}

/// Standard error as a print target.
struct StandardError: TextOutputStream {
  func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}

/// A fresh value for each use: it has no state.
var standardError: StandardError {
  get { StandardError() }
  set {}
}
