import Foundation
import ImageBuffers
import Preprocessing
import Quantities

/// Busy, with no symmetry; the same formula stands in golden_opencv.py.
func patternImage(_ width: Int, _ height: Int) -> RGBImage {
  makeImage(ImageSize(width: width, height: height)) { x, y, c in
    UInt8((x * 7 + y * 13 + c * 29 + (x * y) % 17 * 5) % 256)
  }
}

/// Waves that survive interpolation; the same formula stands in golden_opencv.py.
func smoothImage(_ width: Int, _ height: Int) -> RGBImage {
  makeImage(ImageSize(width: width, height: height)) { x, y, c in
    let x = Double(x)
    let y = Double(y)
    let value =
      switch c {
      case 0: 127.5 + 60 * sin(x * 0.05) + 50 * cos(y * 0.07)
      case 1: 127.5 + 70 * sin(x * 0.03 + y * 0.04)
      default: 127.5 + 100 * cos(x * 0.02 - y * 0.03)
      }
    return UInt8(value.rounded(.toNearestOrEven))
  }
}

func makeImage(_ size: ImageSize, _ value: (Int, Int, Int) -> UInt8) -> RGBImage {
  var image = RGBImage(size: size)
  for y in 0..<size.height {
    var row = image.bytes.mutableRow(y)
    for x in 0..<size.width {
      for c in 0..<3 { row[3 * x + c] = value(x, y, c) }
    }
  }
  return image
}

/// Planes (3, H, W) with a lookup.
struct Planes {
  var values: [Float]
  let size: ImageSize

  subscript(x: Int, y: Int, channel: Int) -> Float {
    values[(channel * size.height + y) * size.width + x]
  }
}

/// 8-bit values back from network input.
let byteScale = InputNormalization(mean: .zero, standardDeviation: SIMD3(repeating: 1 / 255))

func resized(_ image: borrowing RGBImage, window: ImageWindow? = nil, to size: ImageSize) -> Planes {
  let resize = AreaResize(sourceSize: image.size, window: window, size: size)
  var rowBuffer = resize.makeRowBuffer()
  var values = [Float](repeating: .nan, count: 3 * size.pixelCount)
  values.withUnsafeMutableBufferPointer {
    resize.run(image, normalization: byteScale, rowBuffer: &rowBuffer, into: $0)
  }
  return Planes(values: values, size: size)
}

func preprocessed(
  _ image: borrowing RGBImage, grid: PublishedGrid, normalization: InputNormalization = byteScale
) -> Planes {
  var preprocessor = Preprocessor(grid: grid, normalization: normalization)
  var values = [Float](repeating: .nan, count: preprocessor.inputCount)
  values.withUnsafeMutableBufferPointer { preprocessor.run(image, into: $0) }
  return Planes(values: values, size: grid.size)
}

/// Area averaging with four nested loops over every source pixel: slow, obviously right.
func naiveAreaMean(
  _ image: borrowing RGBImage, left: Double, top: Double, right: Double, bottom: Double, channel: Int
) -> Double {
  var sum = 0.0
  var area = 0.0
  for y in 0..<image.size.height {
    let row = image.bytes.row(y)
    for x in 0..<image.size.width {
      let width = max(0, min(right, Double(x + 1)) - max(left, Double(x)))
      let height = max(0, min(bottom, Double(y + 1)) - max(top, Double(y)))
      sum += width * height * Double(row[3 * x + channel])
      area += width * height
    }
  }
  return sum / area
}
