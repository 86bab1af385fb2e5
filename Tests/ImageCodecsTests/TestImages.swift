import ImageBuffers
import Quantities

/// A smooth colour gradient: survives lossy coding with small error.
func gradient(_ width: Int, _ height: Int) -> RGBImage {
  let image = RGBImage(size: ImageSize(width: width, height: height))
  for y in 0..<height {
    for x in 0..<width {
      let pixel = image.bytes.baseAddress + y * image.bytes.rowStride + 3 * x
      pixel[0] = UInt8(255 * x / max(1, width - 1))
      pixel[1] = UInt8(255 * y / max(1, height - 1))
      pixel[2] = 128
    }
  }
  return image
}

/// The largest difference of two images' bytes.
func largestDifference(_ left: borrowing RGBImage, _ right: borrowing RGBImage) -> Int {
  var largest = 0
  for y in 0..<left.size.height {
    let (a, b) = (left.bytes.row(y), right.bytes.row(y))
    for x in 0..<a.count { largest = max(largest, abs(Int(a[x]) - Int(b[x]))) }
  }
  return largest
}

/// The same JPEG without its Huffman table segments, as a Motion-JPEG camera sends it.
func withoutHuffmanTables(_ jpeg: [UInt8]) -> [UInt8] {
  var result = Array(jpeg[..<2])
  var offset = 2
  while offset + 4 <= jpeg.count {
    let marker = jpeg[offset + 1]
    if marker == 0xDA { return result + jpeg[offset...] }
    let length = 2 + (Int(jpeg[offset + 2]) << 8) + Int(jpeg[offset + 3])
    if marker != 0xC4 { result += jpeg[offset..<(offset + length)] }
    offset += length
  }
  return result
}
