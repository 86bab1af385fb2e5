// One primitive for everything that moves elements without changing them: transpose, slice, expand, concat,
// split, constant padding, depth to space.

/// Copies an n-dimensional region between two strided tensors of the same element width.
package struct StridedCopy: Sendable {
  package var lengths: [Int]
  package var sourceStrides: [Int]
  package var targetStrides: [Int]
  package var sourceOffset: Int
  package var targetOffset: Int

  /// All strides and offsets count elements; source strides may be zero (expand) or negative (slice).
  package init(
    lengths: [Int], sourceStrides: [Int], targetStrides: [Int], sourceOffset: Int = 0, targetOffset: Int = 0
  ) {
    // Merge axes that are contiguous on both sides, so that most copies become long runs.
    var merged: (lengths: [Int], source: [Int], target: [Int]) = ([], [], [])
    for axis in lengths.indices where lengths[axis] != 1 {
      if let last = merged.lengths.indices.last,
        merged.source[last] == sourceStrides[axis] * lengths[axis],
        merged.target[last] == targetStrides[axis] * lengths[axis]
      {
        merged.lengths[last] *= lengths[axis]
        merged.source[last] = sourceStrides[axis]
        merged.target[last] = targetStrides[axis]
      } else {
        merged.lengths.append(lengths[axis])
        merged.source.append(sourceStrides[axis])
        merged.target.append(targetStrides[axis])
      }
    }
    if merged.lengths.isEmpty { merged = ([1], [1], [1]) }
    self.lengths = merged.lengths
    self.sourceStrides = merged.source
    self.targetStrides = merged.target
    self.sourceOffset = sourceOffset
    self.targetOffset = targetOffset
  }

  /// Performs the copy for elements of 1, 2, 4 or 8 bytes.
  package func callAsFunction(
    _ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer, elementWidth: Int
  ) {
    switch elementWidth {
    case 1: run(source, target, UInt8.self)
    case 2: run(source, target, UInt16.self)
    case 4: run(source, target, UInt32.self)
    default: run(source, target, UInt64.self)
    }
  }

  private func run<Element>(
    _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ type: Element.Type
  ) {
    guard !lengths.contains(0) else { return }
    let from = source.assumingMemoryBound(to: Element.self) + sourceOffset
    let to = target.assumingMemoryBound(to: Element.self) + targetOffset
    copyAxis(0, from, to)
  }

  private func copyAxis<Element>(
    _ axis: Int, _ from: UnsafePointer<Element>, _ to: UnsafeMutablePointer<Element>
  ) {
    let count = lengths[axis]
    let step = sourceStrides[axis]
    let stride = targetStrides[axis]
    if axis < lengths.count - 1 {
      for index in 0..<count { copyAxis(axis + 1, from + index * step, to + index * stride) }
    } else if step == 1 && stride == 1 {
      to.update(from: from, count: count)
    } else {
      for index in 0..<count { to[index &* stride] = from[index &* step] }
    }
  }
}

/// Row-major element strides of a shape.
package func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in stride(from: shape.count - 2, through: 0, by: -1) {
    strides[axis] = strides[axis + 1] * shape[axis + 1]
  }
  return strides
}
