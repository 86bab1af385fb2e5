import Health
import Quantities
import Testing

@Suite struct HysteresisTests {
  private func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(seconds: seconds) }

  @Test func `worse is shown at once`() {
    var hold = FindingHold(releaseNanoseconds: 3_000_000_000)
    expectEqual(hold.update(Finding(.cameraOK), at: time(0)).level, .ok)
    expectEqual(hold.update(Finding(.cameraLost), at: time(0.1)).level, .error)
  }

  @Test func `better is shown when it has lasted`() {
    var hold = FindingHold(releaseNanoseconds: 3_000_000_000)
    _ = hold.update(Finding(.cameraLost), at: time(0))
    expectEqual(hold.update(Finding(.cameraOK), at: time(1)).code, .cameraLost)
    expectEqual(hold.update(Finding(.cameraOK), at: time(3.9)).code, .cameraLost)
    expectEqual(hold.update(Finding(.cameraOK), at: time(4)).code, .cameraOK)
  }

  @Test func `a component that flaps stays at its worst`() {
    var hold = FindingHold(releaseNanoseconds: 3_000_000_000)
    for second in 0..<20 {
      let found = Finding(second.isMultiple(of: 2) ? .modelSlow : .modelOK)
      expectEqual(hold.update(found, at: time(Double(second))).code, .modelSlow)
    }
  }

  @Test func `another cause of the same level replaces the first at once`() {
    var hold = FindingHold(releaseNanoseconds: 3_000_000_000)
    _ = hold.update(Finding(.cameraLost), at: time(0))
    expectEqual(hold.update(Finding(.cameraBusy), at: time(1)).code, .cameraBusy)
    expectEqual(hold.update(Finding(.cameraBusy, "by process 7"), at: time(2)).text, "by process 7")
  }

  @Test func `an upper threshold is left lower than it was entered`() {
    var threshold = TwoEdgedThreshold(enter: 10, leave: 8)
    expectEqual(
      [9, 10, 11, 9, 8.5, 8, 9].map { threshold.update($0) },
      [
        false, false, true, true, true, false, false,
      ])
  }

  @Test func `a lower threshold is left higher than it was entered`() {
    var threshold = TwoEdgedThreshold(enter: 100, leave: 150)
    expectEqual(
      [120, 99, 120, 149, 151, 120].map { threshold.update($0) }, [false, true, true, true, false, false])
  }

  @Test func `what cannot be measured changes nothing`() {
    var threshold = TwoEdgedThreshold(enter: 10, leave: 8)
    _ = threshold.update(11)
    expectEqual(threshold.update(.nan), true)
  }
}

/// `#expect` cannot call what changes a value.
private func expectEqual<Value: Equatable>(
  _ found: Value, _ expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found == expected, sourceLocation: sourceLocation)
}
