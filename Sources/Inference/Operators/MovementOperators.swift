// Operators that copy elements to other places: transpose, slice, split, concat, expand, gather, pad.
internal import Kernels

enum MovementOperators {
  static let all: [OperatorDefinition] = [
    OperatorDefinition("Transpose", lowerTranspose),
    OperatorDefinition("Slice", lowerSlice),
    OperatorDefinition("Split", lowerSplit),
    OperatorDefinition("Concat", lowerConcat),
    OperatorDefinition("Expand", lowerExpand),
    OperatorDefinition("Tile", lowerTile),
    OperatorDefinition("Gather", lowerGather),
    OperatorDefinition("DepthToSpace", lowerDepthToSpace),
    OperatorDefinition("SpaceToDepth", lowerSpaceToDepth),
  ]

  /// A step that performs copies from single inputs to single outputs.
  static func copies(
    _ copies: [(input: Int, output: Int, copy: StridedCopy)], width: Int
  ) -> Operation {
    .general(copier(copies, width: width))
  }

  private static func copier(
    _ copies: [(input: Int, output: Int, copy: StridedCopy)], width: Int
  ) -> Binder {
    { inputs, outputs in
      { _ in
        for item in copies {
          guard let source = inputs[item.input] else { continue }
          item.copy(source, into: outputs[item.output], elementWidth: width)
        }
      }
    }
  }

  @Sendable
  private static func lowerTranspose(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let order = node.ints("perm") ?? Array(type.shape.indices.reversed())
    guard order.sorted() == Array(type.shape.indices) else {
      throw node.mismatch("perm \(order) does not permute a tensor of shape \(type.shape)")
    }
    let shape = order.map { type.shape[$0] }
    let strides = rowMajorStrides(type.shape)
    let copy = StridedCopy(
      lengths: shape, sourceStrides: order.map { strides[$0] }, targetStrides: rowMajorStrides(shape))
    let binder = copier([(0, 0, copy)], width: type.type.byteCount)
    return Lowering([TensorType(type.type, shape)], .transpose(order, binder))
  }

  /// From (1, channels, pixels) to (1, pixels, channels).
  static func pixelsFirst(channels: Int, pixels: Int) -> Operation {
    let copy = StridedCopy(
      lengths: [pixels, channels], sourceStrides: [1, pixels], targetStrides: [channels, 1])
    return .transpose([0, 2, 1], copier([(0, 0, copy)], width: 4))
  }

  @Sendable
  private static func lowerSlice(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let fromAttributes = node.opset < 10
    let starts = fromAttributes ? node.ints("starts") ?? [] : try node.constantIntegers(1, "starts")
    let ends = fromAttributes ? node.ints("ends") ?? [] : try node.constantIntegers(2, "ends")
    var axes = Array(starts.indices)
    if fromAttributes { axes = node.ints("axes") ?? axes }
    if !fromAttributes, node.has(3) { axes = try node.constantIntegers(3, "axes") }
    var steps = [Int](repeating: 1, count: starts.count)
    if !fromAttributes, node.has(4) { steps = try node.constantIntegers(4, "steps") }
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw node.mismatch("starts, ends, axes and steps differ in length")
    }
    var shape = type.shape
    var strides = rowMajorStrides(type.shape)
    var offset = 0
    for index in starts.indices {
      let axis = try node.axis(axes[index], rank: type.shape.count)
      let range = try sliceRange(node, starts[index], ends[index], steps[index], type.shape[axis])
      offset += range.start * strides[axis]
      strides[axis] *= steps[index]
      shape[axis] = range.count
    }
    let copy = StridedCopy(
      lengths: shape, sourceStrides: strides, targetStrides: rowMajorStrides(shape), sourceOffset: offset)
    return Lowering([TensorType(type.type, shape)], copies([(0, 0, copy)], width: type.type.byteCount))
  }

  private static func sliceRange(
    _ node: NodeContext, _ start: Int, _ end: Int, _ step: Int, _ length: Int
  ) throws(InferenceError) -> (start: Int, count: Int) {
    guard step != 0 else { throw node.mismatch("a slice step of zero") }
    let low = step > 0 ? 0 : -1
    let high = step > 0 ? length : length - 1
    func clamped(_ value: Int) -> Int {
      let resolved = value < 0 ? (value < -length ? -1 : value + length) : value
      return max(low, min(high, resolved))
    }
    let first = max(step > 0 ? 0 : -1, clamped(start))
    let last = clamped(end)
    let span = step > 0 ? last - first : first - last
    return (max(0, first), max(0, (span + abs(step) - 1) / abs(step)))
  }

  @Sendable
  private static func lowerSplit(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let axis = try node.axis(node.int("axis") ?? 0, rank: type.shape.count)
    let parts = node.outputCount
    var lengths: [Int]
    if node.has(1) {
      lengths = try node.constantIntegers(1, "split")
    } else if let attribute = node.ints("split") {
      lengths = attribute
    } else {
      let chunk = (type.shape[axis] + parts - 1) / parts
      lengths = (0..<parts).map { max(0, min(chunk, type.shape[axis] - $0 * chunk)) }
    }
    guard lengths.reduce(0, +) == type.shape[axis], lengths.count == parts else {
      throw node.mismatch("cannot split length \(type.shape[axis]) into \(lengths)")
    }
    let strides = rowMajorStrides(type.shape)
    var offset = 0
    var list: [(input: Int, output: Int, copy: StridedCopy)] = []
    var outputs: [TensorType] = []
    for (index, length) in lengths.enumerated() {
      var shape = type.shape
      shape[axis] = length
      let copy = StridedCopy(
        lengths: shape, sourceStrides: strides, targetStrides: rowMajorStrides(shape),
        sourceOffset: offset * strides[axis])
      list.append((0, index, copy))
      outputs.append(TensorType(type.type, shape))
      offset += length
    }
    return Lowering(outputs, copies(list, width: type.type.byteCount))
  }

  @Sendable
  private static func lowerConcat(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let first = try node.type(0)
    let axis = try node.axis(node.int("axis") ?? 1, rank: first.shape.count)
    var shape = first.shape
    shape[axis] = 0
    for position in 0..<node.inputCount {
      let type = try node.type(position)
      var fitting = type.shape
      if fitting.count == shape.count { fitting[axis] = first.shape[axis] }
      guard type.type == first.type, fitting == first.shape else {
        throw node.mismatch("cannot join \(first) and \(type) along axis \(axis)")
      }
      shape[axis] += type.shape[axis]
    }
    let result = TensorType(first.type, shape)
    if axis == 1 && shape.count == 4 && first.type == .float32 { return Lowering([result], .concatChannels) }
    var inputShapes: [[Int]] = []
    for position in 0..<node.inputCount { inputShapes.append(try node.shape(position)) }
    return Lowering([result], concatenation(inputShapes, along: axis, into: result))
  }

  /// The plain concatenation of tensors of the given shapes.
  static func concatenation(_ shapes: [[Int]], along axis: Int, into result: TensorType) -> Operation {
    let targets = rowMajorStrides(result.shape)
    var offset = 0
    var list: [(input: Int, output: Int, copy: StridedCopy)] = []
    for (position, shape) in shapes.enumerated() {
      let copy = StridedCopy(
        lengths: shape, sourceStrides: rowMajorStrides(shape), targetStrides: targets,
        targetOffset: offset * targets[axis])
      list.append((position, 0, copy))
      offset += shape[axis]
    }
    return copies(list, width: result.type.byteCount)
  }

  @Sendable
  private static func lowerExpand(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let target = try node.constantIntegers(1, "shape")
    guard let shape = broadcastShape(type.shape, target) else {
      throw node.mismatch("shape \(type.shape) does not expand to \(target)")
    }
    let missing = shape.count - type.shape.count
    let own = rowMajorStrides(type.shape)
    let strides = shape.indices.map { $0 < missing || type.shape[$0 - missing] == 1 ? 0 : own[$0 - missing] }
    let copy = StridedCopy(lengths: shape, sourceStrides: strides, targetStrides: rowMajorStrides(shape))
    return Lowering([TensorType(type.type, shape)], copies([(0, 0, copy)], width: type.type.byteCount))
  }

  @Sendable
  private static func lowerTile(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let repeats = try node.constantIntegers(1, "repeats")
    guard repeats.count == type.shape.count else {
      throw node.mismatch("\(repeats.count) repeats for a tensor of rank \(type.shape.count)")
    }
    let shape = zip(type.shape, repeats).map { $0 * $1 }
    let source = rowMajorStrides(type.shape)
    let target = rowMajorStrides(shape)
    let copy = StridedCopy(
      lengths: shape.indices.flatMap { [repeats[$0], type.shape[$0]] },
      sourceStrides: shape.indices.flatMap { [0, source[$0]] },
      targetStrides: shape.indices.flatMap { [type.shape[$0] * target[$0], target[$0]] })
    return Lowering([TensorType(type.type, shape)], copies([(0, 0, copy)], width: type.type.byteCount))
  }

  @Sendable
  private static func lowerGather(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let axis = try node.axis(node.int("axis") ?? 0, rank: type.shape.count)
    let indices = try node.constantIntegers(1, "indices")
    let indexShape = try node.shape(1)
    let length = type.shape[axis]
    let resolved = indices.map { $0 < 0 ? $0 + length : $0 }
    guard resolved.allSatisfy({ $0 >= 0 && $0 < length }) else {
      throw node.mismatch("an index of \(indices.prefix(8)) is outside 0..<\(length)")
    }
    let shape = Array(type.shape[..<axis]) + indexShape + Array(type.shape[(axis + 1)...])
    let inner = type.shape[(axis + 1)...].reduce(1, *)
    let outer = type.shape[..<axis].reduce(1, *)
    let list = resolved.enumerated().map { position, index in
      (
        input: 0, output: 0,
        copy: StridedCopy(
          lengths: [outer, inner], sourceStrides: [length * inner, 1],
          targetStrides: [resolved.count * inner, 1], sourceOffset: index * inner,
          targetOffset: position * inner)
      )
    }
    return Lowering([TensorType(type.type, shape)], copies(list, width: type.type.byteCount))
  }

  @Sendable
  private static func lowerDepthToSpace(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let block = node.int("blocksize") ?? 0
    guard type.shape.count == 4, block > 0, type.shape[1] % (block * block) == 0 else {
      throw node.mismatch("shape \(type.shape) has no blocks of \(block)")
    }
    let (n, c, h, w) = (type.shape[0], type.shape[1] / (block * block), type.shape[2], type.shape[3])
    let plane = h * w
    // The channel index splits as (block y, block x, c) in mode DCR and as (c, block y, block x) in CRD.
    let isDepthFirst = (node.string("mode") ?? "DCR") == "DCR"
    let channel = isDepthFirst ? plane : block * block * plane
    let blockX = isDepthFirst ? c * plane : plane
    let copy = StridedCopy(
      lengths: [n, c, h, block, w, block],
      sourceStrides: [type.shape[1] * plane, channel, w, block * blockX, 1, blockX],
      targetStrides: rowMajorStrides([n, c, h, block, w, block]))
    return Lowering(
      [TensorType(type.type, [n, c, h * block, w * block])],
      copies([(0, 0, copy)], width: type.type.byteCount))
  }

  @Sendable
  private static func lowerSpaceToDepth(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.type(0)
    let block = node.int("blocksize") ?? 0
    guard type.shape.count == 4, block > 0, type.shape[2] % block == 0, type.shape[3] % block == 0 else {
      throw node.mismatch("shape \(type.shape) has no blocks of \(block)")
    }
    let (n, c, h, w) = (type.shape[0], type.shape[1], type.shape[2] / block, type.shape[3] / block)
    let row = w * block
    let source = [c * h * block * row, h * block * row, row, 1, block * row, block]
    // Output channels split as (block y, block x, c) in mode DCR and as (c, block y, block x) in CRD.
    let order = (node.string("mode") ?? "DCR") == "CRD" ? [0, 1, 2, 3, 4, 5] : [0, 2, 3, 1, 4, 5]
    let lengths = order.map { [n, c, block, block, h, w][$0] }
    let copy = StridedCopy(
      lengths: lengths, sourceStrides: order.map { source[$0] }, targetStrides: rowMajorStrides(lengths))
    return Lowering(
      [TensorType(type.type, [n, c * block * block, h, w])],
      copies([(0, 0, copy)], width: type.type.byteCount))
  }
}
