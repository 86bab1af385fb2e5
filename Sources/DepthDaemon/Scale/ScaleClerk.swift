import DepthPipeline
import Health
import Logging
import Platform
import Quantities
import Scale
import WireFormat

/// The supervisor's side of the scale: events, history and the file that lets a restart go on.
final class ScaleClerk {
  private let keeper: ScaleKeeper
  private let reporter: StatusReporter
  private let logger: Logger
  private(set) var entries: [ScaleHistoryRequest.Entry] = []
  private var lastState: ScaleEstimate.State?
  private var lastEntry = MonotonicTime(nanoseconds: 0)
  private var lastSave: MonotonicTime
  private var lastProblem: String?

  private static let saveInterval: Int64 = 60_000_000_000
  private static let entryInterval: Int64 = 60_000_000_000
  private static let entryLimit = 500

  init(keeper: ScaleKeeper, reporter: StatusReporter, logger: Logger) {
    self.keeper = keeper
    self.reporter = reporter
    self.logger = logger
    lastSave = MonotonicTime.now()
  }

  /// Called a few times a second.
  func turn() {
    let now = MonotonicTime.now()
    for notice in keeper.takeNotices() { tell(notice) }
    let state = keeper.scaleState
    if state != lastState || now - lastEntry >= Self.entryInterval {
      lastState = state
      enter(at: now)
    }
    if now - lastSave >= Self.saveInterval {
      lastSave = now
      save()
    }
  }

  /// The last word before the daemon stops.
  func finish() { save() }

  /// What `depthctl scale` shows.
  var answer: ScaleAnswer? {
    guard let report = keeper.report else {
      return reporter.crew.perception.snapshot.report.map { ScaleAnswer($0.scale) }
    }
    return ScaleAnswer(report, silent: keeper.silent)
  }

  /// Takes a person's word; false while nothing is learned.
  func set(_ prior: ScalePrior) -> Bool {
    guard keeper.set(prior, at: MonotonicTime.now()) else { return false }
    enterNow()
    save()
    return true
  }

  /// Forgets what was learned, on disk too; false while nothing is learned.
  func reset() -> Bool {
    let path = reporter.settings.stateDirectory + "/" + StoredScale.fileName
    do { try AtomicFile.remove(path) } catch { complain("\(path) cannot be removed: \(error)") }
    guard keeper.reset() else { return false }
    enterNow()
    return true
  }

  /// A person's word is history even where the next frame changes it before the next turn.
  private func enterNow() {
    lastState = keeper.scaleState
    enter(at: MonotonicTime.now())
  }

  private func tell(_ notice: ScaleKeeper.Notice) {
    switch notice.kind {
    case .restored:
      logger.notice("scale restored: \(notice.text)")
      reporter.record(.scaleRestored, notice.text)
    case .refused:
      logger.warning("\(notice.text)")
      reporter.record(.scaleRefused, notice.text)
    }
  }

  private func enter(at now: MonotonicTime) {
    lastEntry = now
    guard let report = keeper.report else { return }
    if entries.count == Self.entryLimit { entries.removeFirst() }
    entries.append(
      ScaleHistoryRequest.Entry(
        time: Double(WallTime.now().nanoseconds) * 1e-9, estimate: report.estimate, reason: report.reason))
  }

  private func save() {
    guard let stored = keeper.storable(wall: WallTime.now(), monotonic: MonotonicTime.now()) else { return }
    let folder = reporter.settings.stateDirectory
    do {
      try stored.save(stateDirectory: folder)
      lastProblem = nil
    } catch { complain("\(folder)/\(StoredScale.fileName) cannot be written: \(error)") }
  }

  /// Once for each new problem.
  private func complain(_ problem: String) {
    if problem != lastProblem { logger.warning("\(problem)") }
    lastProblem = problem
  }
}

extension ScaleAnswer {
  init(_ report: ScaleReport, silent: SilentSources) {
    self.init(report.estimate)
    ageSeconds = report.ageSeconds
    progressPercent = report.progressPercent
    reason = report.reason
    filterValue = report.filterValue
    filterSigma = report.filterLogSigma
    accepted = report.accepted
    outliers = report.outliers
    restarts = report.restarts
    slips = report.slips
    isStanding = report.isStanding
    travelledMeters = report.travelledMeters
    observers = report.rows.filter { silent.reasons[$0.source] == nil }.map { row in
      var observer = ScaleAnswer.Observer(
        source: row.source.rawValue, verdict: row.verdict.rawValue, passed: row.passed,
        rejected: row.rejected)
      observer.value = row.value
      observer.sigma = row.logSigma
      observer.reason = row.reason
      observer.ageSeconds = row.ageSeconds
      return observer
    }
    for source in ScaleObservation.Source.allCases {
      guard let reason = silent.reasons[source] else { continue }
      var observer = ScaleAnswer.Observer(source: source.rawValue, verdict: "none", passed: 0, rejected: 0)
      observer.reason = reason
      observers?.append(observer)
    }
    height = report.height.map(Height.init)
  }
}

extension ScaleAnswer.Height {
  init(_ opinion: HeightOpinion) {
    self.init(
      configuredMeters: opinion.configuredMeters, verdict: opinion.agreement.verdict.rawValue,
      passed: opinion.passedCount, rejected: opinion.rejectedCount)
    if case .rejected(let why) = opinion.latest?.gate { reason = "\(why)" }
    guard let height = opinion.heightMeters else { return }
    meters = height
    sigma = opinion.logSigma
    pitchDegrees = opinion.pitchRadians * 180 / .pi
    rollDegrees = opinion.rollRadians * 180 / .pi
  }
}
