// The live view on a terminal: camera image and depth side by side, and the numbers below.
import DepthClient
import Foundation
import Glibc
import ImageBuffers
import ImageCodecs
import Messaging
import Platform
import Quantities
import WireFormat

final class TerminalView {
  private static let textLines = 6

  private let live: LiveDepth
  private let directory: EndpointDirectory
  private var size: TerminalSize
  private let decoder = try? JPEGDecoder()
  private var table: (unit: PayloadUnit?, colors: DepthColorTable)?
  private let hasTrueColor: Bool

  init(_ live: LiveDepth, _ directory: EndpointDirectory, _ size: TerminalSize) {
    self.live = live
    self.directory = directory
    self.size = size
    let colors = ProcessInfo.processInfo.environment["COLORTERM"] ?? ""
    hasTrueColor = colors.contains("truecolor") || colors.contains("24bit")
  }

  /// Takes over the screen; what was on it comes back with `close()`.
  func open() { write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J") }

  func close() { write("\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l") }

  func draw(isFresh: Bool) throws {
    if let now = TerminalSize(of: STDOUT_FILENO), now != size {
      size = now
      write("\u{1B}[2J")
    }
    var lines = [String]()
    if let frame = live.shown { lines = try picture(frame) }
    lines += text(isFresh: isFresh).map { String($0.prefix(size.columns)) }
    let body = lines.prefix(size.rows).joined(separator: "\u{1B}[K\r\n")
    write("\u{1B}[H" + body + "\u{1B}[K\u{1B}[J")
  }

  /// The picture, as large as fits: half-block pixels are about square.
  private func picture(_ frame: ReceivedFrame) throws -> [String] {
    let depth = try frame.makeDepthPlane()
    let hasImage = live.hasImage
    let panes = hasImage ? 2 : 1
    let widest = (size.columns - (panes - 1)) / panes
    let highest = 2 * max(2, size.rows - Self.textLines)
    let factor = min(
      Double(widest) / Double(depth.width), Double(highest) / Double(depth.height))
    let width = max(4, Int(Double(depth.width) * factor))
    let height = max(4, Int(Double(depth.height) * factor))
    guard let colors = colors(for: depth, unit: frame.header.unit) else { return [] }
    var canvas = HalfBlockCanvas(
      width: width * panes + panes - 1, height: height, hasTrueColor: hasTrueColor)
    if hasImage, let decoder {
      let image = live.decodeImage(decoder, atLeast: ImageSize(width: width, height: height))
      switch image {
      case .none: break
      case .some(let image): canvas.paint(image, left: 0, width: width)
      }
    }
    canvas.paint(depth, colors, left: (width + 1) * (panes - 1), width: width)
    return canvas.lines
  }

  private func colors(for depth: borrowing Plane<Float>, unit: PayloadUnit?) -> DepthColorTable? {
    if let table, table.unit == unit { return table.colors }
    guard let colors = DepthColorTable.forShowing(depth, unit: unit) else { return nil }
    table = (unit, colors)
    return colors
  }

  private func text(isFresh: Bool) -> [String] {
    let range = table.map {
      String(
        format: "  red %.1f … blue %.0f%@", $0.colors.nearest, $0.colors.farthest,
        $0.unit == .meters ? " m" : "")
    }
    return [
      "depthd \(live.client.status.info?.softwareVersion ?? "")  camera \(live.camera)  \(ViewText.flow(live))",
      (live.shown.map(ViewText.depthKind) ?? "no depth yet") + (range ?? ""),
      [ViewText.scale(live.shown), ViewText.accuracy(live)].filter { !$0.isEmpty }.joined(separator: "  "),
      isFresh || live.shown == nil ? ViewText.trouble(live) : "STALE: \(ViewText.trouble(live))",
      "subscribe: ipc://\(directory.path)/latest.sock  topic \(live.camera)/depth/   Ctrl-C ends",
    ]
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
