// Walking two or three tensors of different shapes as one, by NumPy's broadcasting rules.

/// The walk of one output over its inputs, with neighbouring axes merged where every stride allows it.
package struct BroadcastWalk: Sendable {
  /// Output lengths, outermost first; never empty.
  package private(set) var lengths: [Int]
  /// Element strides per input, one per axis of `lengths`; zero along a broadcast axis.
  package private(set) var strides: [[Int]]

  /// - Parameters:
  ///   - output: the broadcast shape.
  ///   - inputs: shapes that broadcast to it.
  package init(output: [Int], inputs: [[Int]]) {
    let rank = output.count
    let full = inputs.map { shape -> [Int] in
      var strides = [Int](repeating: 0, count: rank)
      var running = 1
      for axis in stride(from: shape.count - 1, through: 0, by: -1) {
        let target = axis + rank - shape.count
        strides[target] = shape[axis] == 1 ? 0 : running
        running *= shape[axis]
      }
      return strides
    }
    lengths = []
    strides = inputs.map { _ in [] }
    for axis in 0..<rank where output[axis] != 1 {
      if let last = lengths.indices.last,
        inputs.indices.allSatisfy({ strides[$0][last] == full[$0][axis] * output[axis] })
      {
        lengths[last] *= output[axis]
        for input in inputs.indices { strides[input][last] = full[input][axis] }
      } else {
        lengths.append(output[axis])
        for input in inputs.indices { strides[input].append(full[input][axis]) }
      }
    }
    if lengths.isEmpty {
      lengths = [1]
      strides = inputs.map { _ in [0] }
    }
  }

  /// Calls `body` for each innermost run: offset in the output, offset in each of the first three inputs.
  @inline(__always)
  package func forEachRun(from first: Int, to last: Int, _ body: (Int, Int, Int, Int) -> Void) {
    let inner = lengths[lengths.count - 1]
    for run in first..<last {
      var rest = run
      var a = 0
      var b = 0
      var c = 0
      var axis = lengths.count - 2
      while axis >= 0 {
        let index = rest % lengths[axis]
        rest /= lengths[axis]
        a += index * strides[0][axis]
        if strides.count > 1 { b += index * strides[1][axis] }
        if strides.count > 2 { c += index * strides[2][axis] }
        axis -= 1
      }
      body(run * inner, a, b, c)
    }
  }

  /// Length of the innermost axis.
  package var runLength: Int { lengths[lengths.count - 1] }
  /// Number of innermost runs.
  package var runCount: Int { lengths.dropLast().reduce(1, *) }
  /// Innermost stride of one input: 0 or 1, or more after a transpose-like shape.
  package func innerStride(_ input: Int) -> Int { strides[input][lengths.count - 1] }
}

/// NumPy's broadcast of two shapes; nil when they do not fit.
package func broadcastShape(_ left: [Int], _ right: [Int]) -> [Int]? {
  let rank = max(left.count, right.count)
  var result = [Int](repeating: 1, count: rank)
  for axis in 0..<rank {
    let l = axis < rank - left.count ? 1 : left[axis - rank + left.count]
    let r = axis < rank - right.count ? 1 : right[axis - rank + right.count]
    guard l == r || l == 1 || r == 1 else { return nil }
    result[axis] = l == 1 ? r : l
  }
  return result
}
