// How kernels cut a range of work for an executor.
package import Quantities

/// Cuts `0..<count` into at most `executor.width` contiguous ranges of at least `grain` elements and calls
/// `body(start, end)` for each. Calls it once, on this thread, when the work is too small to share.
@inline(__always)
package func parallelChunks(
  _ executor: any ParallelExecutor, count: Int, grain: Int, _ body: (Int, Int) -> Void
) {
  let parts = min(executor.width, max(1, count / max(1, grain)))
  guard parts > 1 else {
    body(0, count)
    return
  }
  executor.run(parts: parts) { part in
    body(count * part / parts, count * (part + 1) / parts)
  }
}

/// Calls `body(row, block)` for every row of every channel block of a tensor of rows of `width` pixels.
///
/// Every part gets a range of rows of all blocks: the layers before and after are cut alike, so that what a part
/// reads it mostly wrote itself.
@inline(__always)
package func parallelRows(
  _ executor: any ParallelExecutor, rows: Int, blocks: Int, width: Int, _ body: (Int, Int) -> Void
) {
  parallelChunks(executor, count: rows, grain: max(1, 2048 / (width * blocks))) { start, end in
    for block in 0..<blocks {
      for row in start..<end { body(row, block) }
    }
  }
}
