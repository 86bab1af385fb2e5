import ImageBuffers
import TestSupport

/// A frame of the pool, or a failed test.
func lent(by pool: FramePool) throws(TestFailure) -> FrameLease {
  guard let lease = pool.lease() else { throw TestFailure("the pool has no free frame") }
  return lease
}
