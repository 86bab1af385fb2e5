import ImageBuffers
import Quantities

extension RemapTable {
  /// Writes the normalised planes red, green, blue, each (height, width) without gaps.
  ///
  /// Allocates nothing.
  func run(
    _ image: borrowing RGBImage, normalization: InputNormalization,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(image.size == sourceSize, "the image has another size than the table was made for")
    precondition(output.count == 3 * size.pixelCount, "the output holds three planes of the output size")
    guard let red = output.baseAddress else { return }
    let green = red + size.pixelCount
    let blue = green + size.pixelCount
    let gain = normalization.gain
    let offset = normalization.offset
    let source = UnsafeRawPointer(image.bytes.baseAddress)
    let rowStride = image.bytes.rowStride
    let columnTaps = columnTaps
    let rowTaps = rowTaps
    weights.withUnsafeBufferPointer { weights in
      origins.withUnsafeBufferPointer { origins in
        var weight = 0
        for pixel in 0..<origins.count {
          let origin = origins[pixel]
          var row = source + (Int(origin.y) * rowStride + 3 * Int(origin.x))
          var sum = SIMD4<Float>.zero
          for rowTap in 0..<rowTaps {
            var rowSum = SIMD4<Float>.zero
            for tap in 0..<columnTaps {
              // The fourth byte belongs to the next pixel; planes may be read past their end for this.
              let colour = SIMD4<Float>((row + 3 * tap).loadUnaligned(as: SIMD4<UInt8>.self))
              rowSum.addProduct(colour, SIMD4(repeating: weights[weight + tap]))
            }
            sum.addProduct(rowSum, SIMD4(repeating: weights[weight + columnTaps + rowTap]))
            row += rowStride
          }
          weight += columnTaps + rowTaps
          let value = offset.addingProduct(sum, gain)
          red[pixel] = value.x
          green[pixel] = value.y
          blue[pixel] = value.z
        }
      }
    }
  }
}
