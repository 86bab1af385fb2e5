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
