/// A job and everybody who waits for its verdict.
package struct ReloadWish: Sendable {
  package let job: ReloadJob
  /// None for jobs that no request asked for.
  package private(set) var replies: [ControlReply]

  package init(_ job: ReloadJob, _ reply: ControlReply? = nil) {
    self.job = job
    replies = reply.map { [$0] } ?? []
  }

  /// Takes in somebody who wants the same.
  package mutating func share(_ other: ReloadWish) {
    replies += other.replies
  }

  /// Whether everybody who asked has been told that it took too long: then nothing may change any more.
  package var isAbandoned: Bool { !replies.isEmpty && replies.allSatisfy(\.isSettled) }

  /// Ends the time limits of those who still wait, since from here on the truth will be told.
  ///
  /// - Returns: false when nobody waits any more.
  package func commit() -> Bool {
    let waiting = replies.map { $0.commit() }
    return replies.isEmpty || waiting.contains(true)
  }
}
