// Pad: constants, mirrors and edges around a tensor.
internal import Kernels

enum PadOperator {
  static let all = [OperatorDefinition("Pad", lower)]

  @Sendable
  private static func lower(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let rank = type.shape.count
    let pads = try pads(node, rank: rank)
    let shape = type.shape.indices.map { type.shape[$0] + pads[$0] + pads[$0 + rank] }
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw node.mismatch("pads \(pads) remove all of \(type.shape)")
    }
    let mode: BorderMode
    switch node.string("mode") ?? "constant" {
    case "constant": mode = .zero
    case "reflect": mode = .reflect
    case "edge": mode = .edge
    case let other: throw node.unsupported("mode", other, accepted: "constant, reflect, edge")
    }
    let value = try fillBytes(node, type.type)
    let isPlane =
      rank == 4 && pads[0] == 0 && pads[1] == 0 && pads[4] == 0 && pads[5] == 0
      && pads.allSatisfy { $0 >= 0 } && type.type == .float32
    if isPlane && (mode != .zero || value.allSatisfy { $0 == 0 }) {
      return Lowering(
        [TensorType(type.type, shape)],
        .padPlane(mode, top: pads[2], left: pads[3], bottom: pads[6], right: pads[7]))
    }
    return Lowering(
      [TensorType(type.type, shape)],
      general(type, shape: shape, before: Array(pads[..<rank]), mode: mode, fill: value))
  }

  private static func pads(_ node: NodeContext, rank: Int) throws(InferenceError) -> [Int] {
    let given = node.opset < 11 ? node.ints("pads") ?? [] : try node.constantIntegers(1, "pads")
    var axes = Array(0..<rank)
    if node.has(3) {
      axes = []
      for axis in try node.constantIntegers(3, "axes") { axes.append(try node.axis(axis, rank: rank)) }
    }
    guard given.count == 2 * axes.count else {
      throw node.mismatch("\(given.count) pads for \(axes.count) axes")
    }
    var pads = [Int](repeating: 0, count: 2 * rank)
    for (index, axis) in axes.enumerated() {
      pads[axis] = given[index]
      pads[axis + rank] = given[index + axes.count]
    }
    return pads
  }

  private static func fillBytes(_ node: NodeContext, _ type: ElementType) throws(InferenceError) -> [UInt8] {
    if node.opset < 11 {
      return withUnsafeBytes(of: node.float("value") ?? 0) { [UInt8]($0) }
    }
    guard node.has(2) else { return [UInt8](repeating: 0, count: type.byteCount) }
    return try node.constant(2, "constant value").bytes
  }

  /// Any rank, any element type, negative pads (crops) too: one source index per axis and output position.
  static func general(
    _ type: TensorType, shape: [Int], before: [Int], mode: BorderMode, fill: [UInt8]
  ) -> Operation {
    let width = type.type.byteCount
    let sources = shape.indices.map { axis in
      (0..<shape[axis]).map { mode.source($0 - before[axis], type.shape[axis]) ?? -1 }
    }
    let strides = rowMajorStrides(type.shape)
    let count = shape.reduce(1, *)
    return .general { inputs, outputs in
      guard let source = inputs[0] else { return { _ in } }
      let target = outputs[0]
      return { _ in
        for index in 0..<count {
          var rest = index
          var offset = 0
          var isInside = true
          var axis = shape.count - 1
          while axis >= 0 {
            let position = sources[axis][rest % shape[axis]]
            rest /= shape[axis]
            isInside = isInside && position >= 0
            offset += position * strides[axis]
            axis -= 1
          }
          let destination = target + index * width
          if isInside {
            destination.copyMemory(from: source + offset * width, byteCount: width)
          } else {
            for byte in 0..<width {
              destination.storeBytes(of: fill[byte], toByteOffset: byte, as: UInt8.self)
            }
          }
        }
      }
    }
  }
}
