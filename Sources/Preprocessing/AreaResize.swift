public import ImageBuffers
public import Quantities

/// Shows a window of an RGB image at another size: exact area averages where it shrinks, linear interpolation
/// where it grows, each axis by itself.
///
/// A value: make one per pair of sizes, use it for every frame; nothing is allocated by `run`.
public struct AreaResize: Sendable {
  public let sourceSize: ImageSize
  public let size: ImageSize
  let columns: AxisSampling
  let rows: AxisSampling

  public init(sourceSize: ImageSize, window: ImageWindow? = nil, size: ImageSize) {
    let window = window ?? .whole(of: sourceSize)
    self.sourceSize = sourceSize
    self.size = size
    self.columns = AxisSampling(
      outputCount: size.width, sourceCount: sourceSize.width, start: window.x, length: window.width)
    self.rows = AxisSampling(
      outputCount: size.height, sourceCount: sourceSize.height, start: window.y, length: window.height)
  }

  /// A buffer for `run`: one source row of averages, channels interleaved.
  public func makeRowBuffer() -> Plane<Float> {
    Plane(width: 3 * sourceSize.width, height: 1)
  }

  /// Writes the normalised planes red, green, blue, each (height, width) without gaps.
  ///
  /// - Parameters:
  ///   - rowBuffer: from `makeRowBuffer`; its content is lost.
  ///   - output: (3, height, width).
  public func run(
    _ image: borrowing RGBImage, normalization: InputNormalization, rowBuffer: inout Plane<Float>,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(image.size == sourceSize, "the image has another size than the resize was made for")
    precondition(output.count == 3 * size.pixelCount, "the output holds three planes of the output size")
    precondition(rowBuffer.width == 3 * sourceSize.width, "the row buffer belongs to another resize")
    guard let red = output.baseAddress else { return }
    let gain = normalization.gain
    let offset = normalization.offset
    let green = red + size.pixelCount
    let blue = green + size.pixelCount
    for y in 0..<size.height {
      averageRows(of: image, for: y, into: rowBuffer.baseAddress)
      let start = y * size.width
      forEachPixel(ofRow: UnsafeRawPointer(rowBuffer.baseAddress)) { x, sum in
        let value = offset.addingProduct(sum, gain)
        red[start + x] = value.x
        green[start + x] = value.y
        blue[start + x] = value.z
      }
    }
  }

  /// Writes an 8-bit image, rounded to nearest.
  public func run(
    _ image: borrowing RGBImage, rowBuffer: inout Plane<Float>, into output: inout RGBImage
  ) {
    precondition(image.size == sourceSize, "the image has another size than the resize was made for")
    precondition(output.size == size, "the output has another size than the resize was made for")
    precondition(rowBuffer.width == 3 * sourceSize.width, "the row buffer belongs to another resize")
    for y in 0..<size.height {
      averageRows(of: image, for: y, into: rowBuffer.baseAddress)
      let row = output.bytes.baseAddress + y * output.bytes.rowStride
      forEachPixel(ofRow: UnsafeRawPointer(rowBuffer.baseAddress)) { x, sum in
        // Weights sum to one only to float precision: 255 may become 255.00002.
        let value = (sum + 0.5).clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 255))
        row[3 * x] = UInt8(value.x)
        row[3 * x + 1] = UInt8(value.y)
        row[3 * x + 2] = UInt8(value.z)
      }
    }
  }

  /// The weighted mean of the source rows under output row `y`, still at the source's width.
  private func averageRows(of image: borrowing RGBImage, for y: Int, into mean: UnsafeMutablePointer<Float>) {
    let count = 3 * sourceSize.width
    let taps = rows.tapCount
    for tap in 0..<taps {
      let weight = rows.weights[y * taps + tap]
      let source = image.bytes.baseAddress + (Int(rows.first[y]) + tap) * image.bytes.rowStride
      if tap == 0 {
        for i in 0..<count { mean[i] = Float(source[i]) * weight }
      } else if weight != 0 {
        for i in 0..<count { mean[i].addProduct(Float(source[i]), weight) }
      }
    }
  }

  /// Calls `body` with the weighted mean of the colours under each output pixel of a row, in order.
  ///
  /// Colours are loaded four lanes at a time; the fourth lane belongs to the next pixel and is ignored.
  @inline(__always)
  private func forEachPixel(ofRow mean: UnsafeRawPointer, _ body: (Int, SIMD4<Float>) -> Void) {
    let taps = columns.tapCount
    columns.weights.withUnsafeBufferPointer { weights in
      columns.first.withUnsafeBufferPointer { first in
        for x in 0..<size.width {
          let pixels = mean + 12 * Int(first[x])
          var sum = SIMD4<Float>.zero
          for tap in 0..<taps {
            let colour = (pixels + 12 * tap).loadUnaligned(as: SIMD4<Float>.self)
            sum.addProduct(colour, SIMD4(repeating: weights[x * taps + tap]))
          }
          body(x, sum)
        }
      }
    }
  }
}
