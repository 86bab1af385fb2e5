import Decoding
import Glibc
import ImageBuffers
import ImageCodecs
import Quantities

/// The buffers a webcam's driver would hand out, 640x480, a few different pictures in turn.
struct CameraBuffers {
  let format: CaptureFormat
  private let buffers: [[UInt8]]

  static let size = ImageSize(width: 640, height: 480)
  private static let pictureCount = 6

  /// Packed 4:2:2 without compression.
  static func yuyv() -> CameraBuffers {
    let buffers = (0..<pictureCount).map { picture in
      var bytes = [UInt8](repeating: 128, count: 2 * size.pixelCount)
      for y in 0..<size.height {
        for x in 0..<size.width {
          let place = 2 * (y * size.width + x)
          bytes[place] = 16 + UInt8(brightness(x, y, picture) * 219)
          bytes[place + 1] = UInt8(128 + 60 * sin(Double(x + 2 * y + 20 * picture) / 90))
        }
      }
      return bytes
    }
    return CameraBuffers(
      format: CaptureFormat(pixelFormat: .yuyv, size: size, bytesPerLine: 2 * size.width), buffers: buffers)
  }

  /// One JPEG image per frame, 4:2:2 as webcams make them.
  static func mjpg() throws -> CameraBuffers {
    let encoder = try JPEGEncoder(quality: 85, chroma: .half)
    var buffers: [[UInt8]] = []
    for picture in 0..<pictureCount {
      var image = RGBImage(size: size)
      for y in 0..<size.height {
        var row = image.bytes.mutableRow(y)
        for x in 0..<size.width {
          let light = brightness(x, y, picture)
          row[3 * x] = UInt8(255 * light)
          row[3 * x + 1] = UInt8(200 * light + 20)
          row[3 * x + 2] = UInt8(255 * (1 - light))
        }
      }
      buffers.append(Array(try encoder.encode(image)))
    }
    return CameraBuffers(
      format: CaptureFormat(pixelFormat: .mjpg, size: size, bytesPerLine: 0), buffers: buffers)
  }

  /// Lends the buffer of frame number `index`.
  func withBuffer<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    buffers[index % buffers.count].withUnsafeBytes(body)
  }

  /// A scene with edges, texture and gradients, 0...1, so that JPEG coding has something to do.
  private static func brightness(_ x: Int, _ y: Int, _ picture: Int) -> Double {
    let u = Double(x + 7 * picture) / 640
    let v = Double(y) / 480
    let tiles = (Int(u * 16) + Int(v * 12)) % 2 == 0 ? 0.25 : 0.0
    let grain = Double((x &* 73 ^ y &* 151 ^ picture &* 31) & 31) / 31 * 0.1
    return min(1, 0.15 + 0.4 * v + 0.1 * (1 + sin(40 * u * v)) + tiles + grain)
  }
}
