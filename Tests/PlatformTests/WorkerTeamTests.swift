// Every part once, however often, however many threads.
import Platform
import Synchronization
import Testing

@Suite struct WorkerTeamTests {
  @Test(arguments: [1, 2, 5], [1, 2, 7, 100])
  func `each part runs exactly once`(width: Int, parts: Int) {
    let team = WorkerTeam(width: width)
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: parts)
    counts.initialize(repeating: 0, count: parts)
    defer { counts.deallocate() }
    for _ in 0..<300 { team.run(parts: parts) { counts[$0] += 1 } }
    for part in 0..<parts { #expect(counts[part] == 300) }
  }

  @Test func `work is done when run returns, jobs following at once`() {
    let team = WorkerTeam(width: 3)
    let sum = Atomic<Int>(0)
    for job in 1...2000 {
      team.run(parts: 8) { _ = sum.wrappingAdd($0, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == job * 28)
    }
  }

  @Test func `teams come and go`() {
    for _ in 0..<50 {
      let team = WorkerTeam(width: 4)
      let sum = Atomic<Int>(0)
      team.run(parts: 4) { _ = sum.wrappingAdd($0, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 6)
    }
  }
}
