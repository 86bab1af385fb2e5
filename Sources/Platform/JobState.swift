/// One word that names a worker team's job and says which of its parts are taken.
///
/// 24 bits of number, 20 bits of parts, one bit that tells whether each thread has a part of its own, and 19 bits of
/// progress: the set of taken parts for such jobs, the next part for others. All zero: no job.
package struct JobState: Equatable {
  package static let maximumParts = 0x7_FFFF
  private static let mostOwnedParts = 19
  package let word: UInt64

  package init(_ word: UInt64) { self.word = word }

  private var parts: Int { Int(word >> 20 & 0xF_FFFF) }
  private var isOwned: Bool { word >> 19 & 1 == 1 }
  private var progress: UInt64 { word & 0x7_FFFF }

  /// The next job, with no part taken.
  ///
  /// - Parameter width: threads of the team; a job of no more parts gives each thread its own.
  package func following(parts: Int, width: Int) -> JobState {
    let isOwned = parts <= min(width, Self.mostOwnedParts)
    return JobState(((word >> 40) + 1) << 40 | UInt64(parts) << 20 | (isOwned ? 1 << 19 : 0))
  }

  /// The part that a thread should take: its own, else the first free one; nil when none is left.
  package func part(for thread: Int) -> Int? {
    guard isOwned else { return progress < UInt64(parts) ? Int(progress) : nil }
    let free = ~progress & ((1 << UInt64(parts)) - 1)
    guard free != 0 else { return nil }
    return thread < parts && free >> UInt64(thread) & 1 == 1 ? thread : free.trailingZeroBitCount
  }

  /// The same job with that part taken too.
  package func taking(_ part: Int) -> JobState { JobState(isOwned ? word | 1 << UInt64(part) : word + 1) }
}
