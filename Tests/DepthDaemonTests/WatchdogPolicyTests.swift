import DepthDaemon
import Testing

struct WatchdogPolicyTests {
  private typealias Observation = WatchdogPolicy.Observation

  private func verdicts(_ observations: [Observation]) -> [Bool] {
    var policy = WatchdogPolicy()
    return observations.map { policy.shouldFeed($0) }
  }

  @Test func `published frames feed the watchdog`() {
    #expect(
      verdicts([
        Observation(published: 0, turns: 1, isStreaming: true),
        Observation(published: 3, turns: 4, isStreaming: true),
      ]) == [true, true])
  }

  @Test func `a camera that delivers while nothing is published starves it`() {
    #expect(
      verdicts([
        Observation(published: 5, turns: 9, isStreaming: true),
        Observation(published: 5, turns: 12, isStreaming: true),
      ]) == [true, false])
  }

  @Test func `waiting for a camera feeds it as long as the thread turns`() {
    #expect(
      verdicts([
        Observation(published: 5, turns: 9, isStreaming: false),
        Observation(published: 5, turns: 12, isStreaming: false),
        Observation(published: 5, turns: 12, isStreaming: false),
      ]) == [true, true, false])
  }

  @Test func `a failure that is reported and that a restart would not cure feeds it`() {
    #expect(
      verdicts([
        Observation(published: 0, turns: 1, isStreaming: true, hasReportedFailure: true),
        Observation(published: 0, turns: 2, isStreaming: true, hasReportedFailure: true),
      ]) == [true, true])
  }
}
