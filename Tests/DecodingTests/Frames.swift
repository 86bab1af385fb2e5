import Decoding
import ImageBuffers
import Quantities

/// Reproducible bytes (a linear congruential generator).
func noise(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(truncatingIfNeeded: state >> 24)
  }
}

/// One colour by the real-valued formula of BT.601 / BT.709, independent of the code under test.
func exactColour(
  y: UInt8, u: UInt8, v: UInt8, kr: Double, kb: Double, isLimited: Bool
) -> [Double] {
  let luma = isLimited ? (Double(y) - 16) / 219 : Double(y) / 255
  let blue = (Double(u) - 128) / (isLimited ? 224 : 255)
  let red = (Double(v) - 128) / (isLimited ? 224 : 255)
  let r = luma + 2 * (1 - kr) * red
  let b = luma + 2 * (1 - kb) * blue
  let g = (luma - kr * r - kb * b) / (1 - kr - kb)
  return [r, g, b].map { min(255, max(0, 255 * $0)) }
}

/// Decodes one frame into a new image.
func decode(_ bytes: [UInt8], _ format: CaptureFormat) throws -> RGBImage {
  let decoder = try FrameDecoder(format)
  var image = RGBImage(size: decoder.outputSize)
  try bytes.withUnsafeBytes { try decoder.decode($0, into: &image) }
  return image
}
