import Completion
import DepthPipeline
import Health

extension ComponentObservation.Ranges {
  /// What is so of range points.
  ///
  /// - Parameters:
  ///   - isWarm: whether things have had their time to begin.
  ///   - recently: growth of the counters.
  func finding(isWarm: Bool, recently: ComponentObservation.RangeGrowth) -> Finding {
    guard isExpected else { return ofSource }
    if let failure { return Finding(.sparseMissing, failure) }
    if let refused = refused(recently) { return refused }
    guard isHeard else { return Finding(isWarm ? .sparseMissing : .sparseIdle) }
    if let silent {
      let age = (silent.ageSeconds * 10).rounded() / 10
      return Finding(.sparseStale, "the last points of \"\(silent.frame)\" are \(age) s old")
    }
    if let late = late(recently) { return late }
    if 2 * recently.notFinite > recently.received {
      return Finding(
        .sparseBroken,
        "\(recently.notFinite) of \(recently.received) points of the last ten seconds are no numbers")
    }
    return ofFrame(recently)
  }

  /// Of a recording or the simulator: whether there are any is its own business.
  private var ofSource: Finding {
    guard usesSource, last.counts.received > 0 else { return Finding(.sparseOff) }
    return ofFrame(ComponentObservation.RangeGrowth())
  }

  /// Messages that were not taken lately.
  private func refused(_ recently: ComponentObservation.RangeGrowth) -> Finding? {
    if recently.noExtrinsics > 0 { return Finding(.sparseNoExtrinsics, problem) }
    if recently.unknownFrame > 0 { return Finding(.sparseUnknownFrame, problem) }
    if recently.badStamps > 0 {
      return Finding(
        .sparseClock,
        "\(recently.badStamps) messages in the last ten seconds; the last refused: \(problem ?? "")")
    }
    if recently.unreadable > 0 { return Finding(.sparseUnreadable, problem) }
    return nil
  }

  /// Scans that came and could not be used for frames, most of them.
  private func late(_ recently: ComponentObservation.RangeGrowth) -> Finding? {
    guard lastPlaced == 0 else { return nil }
    if recently.unmovedScans > recently.staleScans {
      return Finding(.sparseNoMotion, "\(recently.unmovedScans) times in the last ten seconds")
    }
    guard recently.staleScans > 0 else { return nil }
    return Finding(.sparseLate, "\(recently.staleScans) frames of the last ten seconds had none in time")
  }

  private func ofFrame(_ recently: ComponentObservation.RangeGrowth) -> Finding {
    let counts = last.counts
    let text = [
      "\(counts.kept) points in the image",
      last.ageNanoseconds.map { "\($0 / 1_000_000) ms from it" },
      last.completing > 0 ? "\(last.completing) complete it" : nil, counts.rejectedText,
      recently.notFinite > 0 ? "\(recently.notFinite) not finite in ten seconds" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
    if mayComplete, last.completing == 0 {
      return Finding(.sparseFew, "\(text); completion begins with \(CompletionGate.pointsToBegin)")
    }
    return Finding(counts.kept > 0 ? .sparseOK : .sparseFew, text)
  }
}

extension RangeCounts {
  /// What was rejected, by reason; nil when nothing was.
  fileprivate var rejectedText: String? {
    let reasons: [(Int, String)] = [
      (outside, "outside"), (hidden, "hidden"), (occluded, "occluded"), (tooNear, "too near"),
      (tooFar, "too far"), (notFinite, "not finite"),
    ]
    let texts = reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return texts.isEmpty ? nil : "rejected: \(texts.joined(separator: ", "))"
  }
}
