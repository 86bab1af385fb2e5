// `depthctl snapshot`: the camera image and its depth, side by side, as a PNG file.
import ArgumentParser
import DepthClient
import Foundation
import ImageBuffers
import ImageCodecs
import Messaging
import Platform
import Quantities
import WireFormat

struct SnapshotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Save the camera image and its depth, side by side, as a PNG.")

  @OptionGroup var options: ClientOptions
  @Option(help: "PNG file to write.") var out: String
  @Option(help: "Camera [default: the first].") var camera: String?
  @Option(help: "Give up after this many seconds without depth.") var timeout = 5.0

  func run() throws {
    Interrupt.watch()
    let client = try DepthClient(options.directory)
    let name = try client.camera(named: camera, milliseconds: Int(timeout * 1000))
    let pair = try receive(client, camera: name)
    let depth = try pair.depth.makeDepthPlane()
    let (picture, size) = try compose(depth, pair)
    do { try Data(picture).write(to: URL(fileURLWithPath: out)) } catch {
      throw ClientCommandError.unwritable(path: out, reason: error.localizedDescription)
    }
    print("\(out): \(size), \(ViewText.depthKind(pair.depth)), \(ViewText.scale(pair.depth))")
  }

  private struct Pair {
    var depth: ReceivedFrame
    var image: ReceivedFrame?
  }

  /// Metric depth if it comes, else depth in network units; with the image of the same moment if one comes.
  private func receive(_ client: DepthClient, camera: String) throws -> Pair {
    let image = try client.subscribe(camera: camera, .image, delivery: .everything(queue: 30))
    let metric = try client.subscribe(camera: camera, .depth, delivery: .everything(queue: 30))
    let unscaled = try client.subscribe(camera: camera, .unscaled, delivery: .everything(queue: 30))
    var images: [ReceivedFrame] = []
    var depths: [ReceivedFrame] = []
    let start = MonotonicTime.now()
    func elapsed() -> Double { Double(MonotonicTime.now() - start) * 1e-9 }
    while !Interrupt.isRequested, elapsed() < timeout {
      while let frame = image.next(milliseconds: 0) { images.append(frame) }
      while let frame = unscaled.next(milliseconds: 0) { depths.append(frame) }
      while let frame = metric.next(milliseconds: 20) { depths.append(frame) }
      // Half a second gives the metric topic and the image their chance.
      guard elapsed() > 0.5 else { continue }
      let isMetric = depths.contains { $0.header.topic.kind == .depth }
      let usable = depths.filter { !isMetric || $0.header.topic.kind == .depth }
      for depth in usable.reversed() {
        let match = images.last { $0.header.captureTime == depth.header.captureTime }
        if let match { return Pair(depth: depth, image: match) }
      }
      if elapsed() > min(2, timeout / 2), let depth = usable.last {
        return Pair(depth: depth, image: images.last)
      }
    }
    throw ClientCommandError.nothingReceived(
      topic: "\(camera)/unscaled/", directory: options.directory.path)
  }

  private func compose(
    _ depth: borrowing Plane<Float>, _ pair: Pair
  ) throws -> (png: [UInt8], size: ImageSize) {
    guard let table = DepthColorTable.forShowing(depth, unit: pair.depth.header.unit) else {
      throw ClientCommandError.nothingReceived(
        topic: "usable depth on \(pair.depth.header.topic.name)", directory: options.directory.path)
    }
    let image = try pair.image.map { try decode($0) } ?? RGBImage(size: ImageSize(width: 1, height: 1))
    let imageWidth = pair.image == nil ? 0 : image.size.width
    // The two stand at the same height; depth is enlarged pixel by pixel, never smoothed.
    let height = max(pair.image == nil ? 0 : image.size.height, depth.height)
    let width = depth.width * height / depth.height
    let enlarged = Self.enlarge(depth, width: width, height: height)
    var preview = DepthPreview(
      depthSize: ImageSize(width: width, height: height), nearest: table.nearest, farthest: table.farthest,
      unitLabel: pair.depth.header.unit == .meters ? "m" : "u")
    preview.update(enlarged)
    let size = ImageSize(width: imageWidth + width, height: preview.image.size.height)
    var sheet = RGBImage(size: size)
    if imageWidth > 0 { Self.copy(image, into: &sheet, x: 0) }
    Self.copy(preview.image, into: &sheet, x: imageWidth)
    return (try PNGEncoder.encode(sheet), size)
  }

  private func decode(_ frame: ReceivedFrame) throws -> RGBImage {
    let decoder = try JPEGDecoder()
    return try frame.withPayload { try decoder.decode($0.bytes) }
  }

  private static func enlarge(_ depth: borrowing Plane<Float>, width: Int, height: Int) -> Plane<Float> {
    var large = Plane<Float>(width: width, height: height)
    for y in 0..<height {
      let source = depth.row(y * depth.height / height)
      var target = large.mutableRow(y)
      for x in 0..<width { target[x] = source[x * depth.width / width] }
    }
    return large
  }

  private static func copy(_ image: borrowing RGBImage, into sheet: inout RGBImage, x: Int) {
    for y in 0..<min(image.size.height, sheet.size.height) {
      (sheet.bytes.baseAddress + y * sheet.bytes.rowStride + 3 * x).update(
        from: image.bytes.baseAddress + y * image.bytes.rowStride, count: 3 * image.size.width)
    }
  }
}
