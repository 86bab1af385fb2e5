public import Decoding
public import Quantities

/// The pixel format chosen among those a camera offers, with the reason for the log.
public struct FormatChoice: Equatable, Sendable {
  public var pixelFormat: PixelFormat
  public var reason: String

  /// Uncompressed formats in order of preference: full colour at the lowest cost first, grey last.
  private static let uncompressed: [PixelFormat] = [.nv12, .yuyv, .uyvy, .grey]

  /// Chooses a format.
  ///
  /// Uncompressed formats have no coding artefacts and cost less to decode, so they win whenever the bus
  /// carries them at the wanted size and rate; else JPEG frames; formats that need converting come last.
  /// - Parameters:
  ///   - busBytesPerSecond: what the bus carries; nil = not a bottleneck.
  /// - Returns: nil when nothing is offered.
  public static func choose(
    from offers: [OfferedFormat], size: ImageSize, rateHz: Double, busBytesPerSecond: Double?
  ) -> FormatChoice? {
    var obstacles: [String] = []
    for pixelFormat in uncompressed {
      guard let offer = offers.first(where: { $0.pixelFormat == pixelFormat }) else { continue }
      let obstacle = obstacle(offer, size, rateHz, busBytesPerSecond)
      guard let obstacle else {
        return FormatChoice(
          pixelFormat: pixelFormat, reason: "\(pixelFormat) is uncompressed and the bus carries it")
      }
      obstacles.append(obstacle)
    }
    let why = obstacles.isEmpty ? "no fast uncompressed format is offered" : obstacles.joined(separator: "; ")
    if let jpeg = offers.first(where: \.pixelFormat.isCompressed) {
      return FormatChoice(pixelFormat: jpeg.pixelFormat, reason: why)
    }
    if let fallback = uncompressed.first(where: { format in offers.contains { $0.pixelFormat == format } }) {
      return FormatChoice(pixelFormat: fallback, reason: "\(why), but there is nothing better")
    }
    return offers.first.map {
      FormatChoice(pixelFormat: $0.pixelFormat, reason: "\(why); \($0.pixelFormat) has to be converted")
    }
  }

  private static func obstacle(
    _ offer: OfferedFormat, _ size: ImageSize, _ rateHz: Double, _ busBytesPerSecond: Double?
  ) -> String? {
    let bytesPerPixel = offer.pixelFormat == .grey ? 1.0 : offer.pixelFormat == .nv12 ? 1.5 : 2.0
    let needed = Double(size.pixelCount) * bytesPerPixel * (rateHz > 0 ? rateHz : 30)
    if let busBytesPerSecond, needed > busBytesPerSecond {
      return "\(offer.pixelFormat) needs \(Int(needed / 1e6)) MB/s, the bus carries "
        + "\(Int(busBytesPerSecond / 1e6))"
    }
    guard !offer.modes.isEmpty else { return nil }
    let fitting = offer.modes.filter { $0.contains(size) }
    if fitting.isEmpty { return "\(offer.pixelFormat) is not offered at \(size)" }
    let best = fitting.flatMap(\.ratesHz).max() ?? .infinity
    if best < 0.9 * rateHz { return "\(offer.pixelFormat) reaches only \(best) Hz at \(size)" }
    return nil
  }
}

extension CameraNode {
  /// What the camera's bus carries in practice: 640x480 at 30 Hz with 2 bytes per pixel over USB 2 is known
  /// to work everywhere, and faster buses in proportion.
  ///
  /// Nil when the bus is no USB bus.
  package var busBytesPerSecond: Double? {
    guard let speed = usb?.megabitsPerSecond, speed > 0 else { return nil }
    return 18.5e6 * Double(speed) / 480
  }
}
