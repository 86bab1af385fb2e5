import Synchronization

/// What the frame's threads no longer need, until a thread that has time frees it: giving back a pipeline's memory and
/// joining a team's threads takes longer than a frame may be late.
package final class RetiredObjects: Sendable {
  /// @unchecked Sendable: nobody uses the object any more; all that is left to do is to drop it.
  private struct Retired: @unchecked Sendable {
    var object: AnyObject
  }

  private let kept = Mutex<[Retired]>([])

  package init() {}

  /// Takes over what the calling thread drops right after.
  package func add(_ object: AnyObject) {
    let retired = Retired(object: object)
    kept.withLock { $0.append(retired) }
  }

  /// Frees what nobody else holds any more. Called by the reload thread.
  package func free() {
    // Moved out first, so that a frame's thread never waits for the freeing.
    var candidates: [Retired] = []
    kept.withLock { swap(&$0, &candidates) }
    while var candidate = candidates.popLast() {
      // Whoever still holds it would be the one to free it.
      if !isKnownUniquelyReferenced(&candidate.object) {
        let held = candidate
        kept.withLock { $0.append(held) }
      }
    }
  }
}
