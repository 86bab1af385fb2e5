public import Quantities

/// Everything a person may ask about the scale, made when asked.
public struct ScaleReport: Equatable, Sendable {
  /// One source's part.
  public struct Row: Equatable, Sendable {
    public var source: ScaleObservation.Source
    /// Metres per network unit as this source sees it lately, and the spread of its logarithm; nil when silent.
    public var value: Double?
    public var logSigma: Double?
    public var verdict: SourceAgreement.Verdict
    public var passed: UInt64
    public var rejected: UInt64
    /// Why its newest observation was not used; nil when it was, or when there is none.
    public var reason: String?
    /// Seconds since an observation of it passed its gates.
    public var ageSeconds: Double?
  }

  public var estimate: ScaleEstimate
  /// The filter's own value, which consumers' follows slowly, and its own spread.
  public var filterValue: Double
  public var filterLogSigma: Double
  /// How far to locked, 0 to 100.
  public var progressPercent: Int
  /// Why it gets no better; nil while it does, or when nothing is missing.
  public var reason: String?
  public var accepted: UInt64
  public var outliers: UInt64
  public var restarts: UInt64
  public var slips: UInt64
  public var lastSlip: String?
  public var isStanding: Bool
  /// Since the last accepted observation, metres.
  public var travelledMeters: Double
  public var ageSeconds: Double?
  public var rows: [Row]
  /// How the camera sits by images and odometry; nil when nobody has looked.
  public var height: HeightOpinion?
}

extension ScaleTracker {
  public var report: ScaleReport {
    ScaleReport(
      estimate: estimate, filterValue: filter.value, filterLogSigma: filter.logSigma,
      progressPercent: progressPercent, reason: reason, accepted: filter.acceptedCount,
      outliers: filter.rejectedCount, restarts: filter.restartCount, slips: slip.count,
      lastSlip: slip.lastSign.map(\.sentence), isStanding: isStanding, travelledMeters: travelledMeters,
      ageSeconds: confirmed.flatMap(age), rows: ScaleObservation.Source.allCases.compactMap(row),
      height: height.latest == nil ? nil : height)
  }

  private func row(_ source: ScaleObservation.Source) -> ScaleReport.Row? {
    let opinion = opinions[source.place]
    guard let latest = opinion.latest else { return nil }
    var reason: String?
    if case .rejected(let why) = latest.gate { reason = "\(why)" }
    return ScaleReport.Row(
      source: source, value: opinion.value, logSigma: opinion.value == nil ? nil : opinion.logSigma,
      verdict: agreements[source.place].verdict, passed: opinion.passedCount,
      rejected: opinion.rejectedCount, reason: reason, ageSeconds: opinion.lastPassed.flatMap(age))
  }

  func age(_ time: MonotonicTime) -> Double? {
    now.map { max(0, Double($0 - time) * 1e-9) }
  }
}
