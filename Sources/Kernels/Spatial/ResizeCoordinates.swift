// ONNX Resize: which input positions feed each output position along one axis.
internal import Glibc

/// How an output coordinate maps to the input (ONNX `coordinate_transformation_mode`).
package enum ResizeCoordinateMode: String, Sendable {
  case halfPixel = "half_pixel"
  case halfPixelSymmetric = "half_pixel_symmetric"
  case pytorchHalfPixel = "pytorch_half_pixel"
  case alignCorners = "align_corners"
  case asymmetric
}

/// How nearest interpolation rounds (ONNX `nearest_mode`).
package enum ResizeNearestMode: String, Sendable {
  case roundPreferFloor = "round_prefer_floor"
  case roundPreferCeil = "round_prefer_ceil"
  case floor
  case ceil
}

/// Two taps per output position of one axis: `value = x[lower] * (1 - weight) + x[upper] * weight`.
package struct ResizeAxis: Sendable {
  package var lower: [Int]
  package var upper: [Int]
  package var weight: [Float]

  /// True when every output position copies the input position of the same index.
  package var isIdentity: Bool {
    lower.indices.allSatisfy { lower[$0] == $0 && weight[$0] == 0 }
  }

  /// The integer factor when this axis repeats every input position that many times, in order.
  package var repetition: Int? {
    guard let last = lower.last, weight.allSatisfy({ $0 == 0 }), lower.count % (last + 1) == 0 else {
      return nil
    }
    let factor = lower.count / (last + 1)
    return lower.indices.allSatisfy { lower[$0] == $0 / factor } ? factor : nil
  }

  /// Linear interpolation (half-pixel positions outside the image use the edge).
  package init(linear input: Int, to output: Int, scale: Double, mode: ResizeCoordinateMode) {
    self.init(count: output)
    for index in 0..<output {
      let x = max(0, min(ResizeAxis.position(index, input, output, scale, mode), Double(input - 1)))
      let base = min(Int(x), input - 1)
      lower[index] = base
      upper[index] = min(base + 1, input - 1)
      weight[index] = upper[index] == base ? 0 : Float(x - Double(base))
    }
  }

  /// Nearest neighbour.
  package init(
    nearest input: Int, to output: Int, scale: Double, mode: ResizeCoordinateMode, rounding: ResizeNearestMode
  ) {
    self.init(count: output)
    for index in 0..<output {
      let x = ResizeAxis.position(index, input, output, scale, mode)
      let rounded =
        switch rounding {
        case .roundPreferFloor: ceil(x - 0.5)
        case .roundPreferCeil: floor(x + 0.5)
        case .floor: floor(x)
        case .ceil: ceil(x)
        }
      let source = max(0, min(Int(rounded), input - 1))
      lower[index] = source
      upper[index] = source
    }
  }

  private init(count: Int) {
    lower = [Int](repeating: 0, count: count)
    upper = lower
    weight = [Float](repeating: 0, count: count)
  }

  private static func position(
    _ index: Int, _ input: Int, _ output: Int, _ scale: Double, _ mode: ResizeCoordinateMode
  ) -> Double {
    let x = Double(index)
    switch mode {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Double(output) / (scale * Double(input))
      let center = Double(input) / 2
      return center * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return output > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners:
      // ONNX divides by the exact scaled length, which need not be the whole number of outputs.
      let span = scale * Double(input) - 1
      return output > 1 && span > 0 ? x * Double(input - 1) / span : 0
    case .asymmetric: return x / scale
    }
  }
}
