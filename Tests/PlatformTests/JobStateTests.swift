// Who takes which part of a job.
import Platform
import Testing

@Suite struct JobStateTests {
  /// The parts that threads take when they ask in this order.
  private func taken(parts: Int, width: Int, by threads: [Int]) -> [Int?] {
    var job = JobState(0).following(parts: parts, width: width)
    return threads.map { thread in
      guard let part = job.part(for: thread) else { return nil }
      job = job.taking(part)
      return part
    }
  }

  @Test func `a thread takes the part of its own number, whoever asks first`() {
    #expect(taken(parts: 3, width: 3, by: [2, 0, 1]) == [2, 0, 1])
    #expect(taken(parts: 2, width: 3, by: [1, 0, 2]) == [1, 0, nil])
  }

  @Test func `a thread that is done takes what a missing one has left`() {
    #expect(taken(parts: 3, width: 3, by: [1, 1, 1, 1]) == [1, 0, 2, nil])
    #expect(taken(parts: 2, width: 4, by: [3, 3, 3]) == [0, 1, nil])
  }

  @Test func `more parts than threads go in order`() {
    #expect(taken(parts: 4, width: 2, by: [1, 0, 1, 1, 0]) == [0, 1, 2, 3, nil])
  }

  @Test(arguments: [(1, 1), (19, 19), (19, 64), (20, 64), (JobState.maximumParts, 2)])
  func `every part of a job is free until it is taken`(parts: Int, width: Int) {
    var job = JobState(0).following(parts: parts, width: width)
    for _ in 0..<min(parts, 50) {
      guard let part = job.part(for: 0) else {
        Issue.record("no part is left")
        return
      }
      #expect((0..<parts).contains(part))
      job = job.taking(part)
    }
    #expect((job.part(for: 0) == nil) == (parts <= 50))
  }

  @Test func `no job has no part, and the next job differs from one that was finished`() {
    #expect(JobState(0).part(for: 0) == nil)
    let first = JobState(0).following(parts: 1, width: 2)
    #expect(first.following(parts: 1, width: 2) != first)
    #expect(first.taking(0).part(for: 0) == nil)
    #expect(first.taking(0).following(parts: 1, width: 2).part(for: 1) == 0)
  }

  @Test func `the number of a job runs over without touching its parts`() {
    let last = JobState(UInt64.max << 40)
    #expect(last.following(parts: 2, width: 2) == JobState(2 << 20 | 1 << 19))
  }
}
