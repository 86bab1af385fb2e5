// Resize (opset 10 and later) and Upsample (opset 7 and 9) over the last two axes.
internal import Kernels

enum ResizeOperators {
  static let all: [OperatorDefinition] = [
    OperatorDefinition("Resize", lowerResize), OperatorDefinition("Upsample", lowerUpsample),
  ]

  @Sendable
  private static func lowerUpsample(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.floatType(0).shape
    var scales = node.floats("scales") ?? []
    if scales.isEmpty { scales = try node.constant(1, "scales").floats }
    return try lower(
      node, shape: shape, scales: scales.map(Double.init), sizes: nil, mode: .asymmetric, rounding: .floor)
  }

  @Sendable
  private static func lowerResize(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let shape = try node.floatType(0).shape
    if node.opset < 11 {
      let scales = try node.constant(1, "scales").floats
      return try lower(
        node, shape: shape, scales: scales.map(Double.init), sizes: nil, mode: .asymmetric, rounding: .floor)
    }
    let name = node.string("coordinate_transformation_mode") ?? "half_pixel"
    guard let mode = ResizeCoordinateMode(rawValue: name) else {
      throw node.unsupported(
        "coordinate_transformation_mode", name,
        accepted: "half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners, asymmetric")
    }
    let nearest = node.string("nearest_mode") ?? "round_prefer_floor"
    guard let rounding = ResizeNearestMode(rawValue: nearest) else {
      throw node.unsupported(
        "nearest_mode", nearest, accepted: "round_prefer_floor, round_prefer_ceil, floor, ceil")
    }
    if node.int("antialias") == 1 { throw node.unsupported("antialias", "1", accepted: "0") }
    if node.int("exclude_outside") == 1 { throw node.unsupported("exclude_outside", "1", accepted: "0") }
    if let policy = node.string("keep_aspect_ratio_policy"), policy != "stretch" {
      throw node.unsupported("keep_aspect_ratio_policy", policy, accepted: "stretch")
    }
    let axes = try axes(node, rank: shape.count)
    if node.has(3) {
      var sizes = shape
      for (axis, length) in zip(axes, try node.constantIntegers(3, "sizes")) { sizes[axis] = length }
      return try lower(node, shape: shape, scales: nil, sizes: sizes, mode: mode, rounding: rounding)
    }
    var scales = [Double](repeating: 1, count: shape.count)
    for (axis, scale) in zip(axes, try node.constant(2, "scales").floats) { scales[axis] = Double(scale) }
    return try lower(node, shape: shape, scales: scales, sizes: nil, mode: mode, rounding: rounding)
  }

  private static func axes(_ node: NodeContext, rank: Int) throws(InferenceError) -> [Int] {
    guard let given = node.ints("axes") else { return Array(0..<rank) }
    var axes: [Int] = []
    for axis in given { axes.append(try node.axis(axis, rank: rank)) }
    return axes
  }

  private static func lower(
    _ node: NodeContext, shape: [Int], scales: [Double]?, sizes: [Int]?, mode: ResizeCoordinateMode,
    rounding: ResizeNearestMode
  ) throws(InferenceError) -> Lowering {
    let result = sizes ?? zip(shape, scales ?? []).map { Int((Double($0) * $1).rounded(.down)) }
    guard result.count == shape.count, shape.count == 4, result[0] == shape[0], result[1] == shape[1],
      result[2] > 0, result[3] > 0
    else { throw node.mismatch("cannot resize \(shape) to \(result); only height and width of 4-D tensors") }
    let interpolation = node.string("mode") ?? "nearest"
    func axis(_ index: Int) throws(InferenceError) -> ResizeAxis {
      let scale = scales?[index] ?? Double(result[index]) / Double(shape[index])
      switch interpolation {
      case "nearest":
        return ResizeAxis(
          nearest: shape[index], to: result[index], scale: scale, mode: mode, rounding: rounding)
      case "linear":
        return ResizeAxis(linear: shape[index], to: result[index], scale: scale, mode: mode)
      default: throw node.unsupported("mode", interpolation, accepted: "nearest, linear")
      }
    }
    return Lowering([TensorType(.float32, result)], .resize(rows: try axis(2), columns: try axis(3)))
  }
}
