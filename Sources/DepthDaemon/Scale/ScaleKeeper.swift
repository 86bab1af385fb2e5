import Glibc
import Platform
package import Quantities
package import Scale
import Synchronization

/// What has been learned about the scale: written by perception, read and commanded by the supervisor.
///
/// It outlives pipelines. What is learned belongs to a key; with another camera, calibration or model another
/// scale is learned, and the first is taken up again should its key return.
package final class ScaleKeeper: Sendable {
  /// Something that becomes an event.
  package struct Notice: Sendable, Equatable {
    package enum Kind: Sendable { case restored, refused }
    package var kind: Kind
    package var text: String
  }

  private struct Learned {
    var key: ScaleKey
    var tracker: ScaleTracker
  }

  private struct State {
    var present: Learned?
    /// Of keys that ran before.
    var earlier: [Learned] = []
    /// From disk, until it is taken or refused.
    var stored: StoredScale?
    var notices: [Notice] = []
    var moved: CameraMovedWatch.Verdict?
    var silent = SilentSources()
  }

  private static let earlierLimit = 4
  private let state: Mutex<State>

  /// Reads what an earlier run has stored in the state folder.
  package init(stateDirectory: String) {
    var initial = State()
    do throws(StoredScale.Refusal) {
      initial.stored = try StoredScale.load(stateDirectory: stateDirectory)
    } catch { initial.notices.append(Notice(kind: .refused, text: error.description)) }
    state = Mutex(initial)
  }

  // MARK: the perception thread's side

  /// Goes on with the scale of this key; nil = nothing is learned, since a constant is configured.
  package func follow(_ key: ScaleKey?, prior: ScalePrior, settings: ScaleSettings) {
    state.withLock { state in
      if let present = state.present, present.key == key {
        state.present?.tracker.use(settings)
        return
      }
      if let present = state.present {
        state.earlier.append(present)
        if state.earlier.count > Self.earlierLimit { state.earlier.removeFirst() }
      }
      state.present = nil
      state.moved = nil
      guard let key else { return }
      if let index = state.earlier.firstIndex(where: { $0.key == key }) {
        state.present = state.earlier.remove(at: index)
        state.present?.tracker.use(settings)
      } else {
        state.present = Learned(key: key, tracker: ScaleTracker(prior: prior, settings: settings))
        Self.restore(&state)
      }
    }
  }

  /// Goes on to a frame; nil while nothing is learned.
  package func advance(_ motion: ScaleMotion) -> ScaleEstimate? {
    state.withLock { state in
      state.present?.tracker.advance(motion)
      return state.present?.tracker.estimate
    }
  }

  package func take(_ observation: ScaleObservation) {
    state.withLock { state in _ = state.present?.tracker.take(observation) }
  }

  package func take(_ height: HeightObservation) {
    state.withLock { state in state.present?.tracker.take(height) }
  }

  package func note(_ moved: CameraMovedWatch.Verdict?) {
    state.withLock { state in state.moved = moved }
  }

  package func note(silent: SilentSources) {
    state.withLock { state in state.silent = silent }
  }

  private static func restore(_ state: inout State) {
    guard let stored = state.stored, let key = state.present?.key else { return }
    state.stored = nil
    let now = WallTime.now()
    do throws(StoredScale.Refusal) {
      let prior = try stored.aged(for: key, now: now)
      let age = stored.confirmed.map { Double(now.nanoseconds) * 1e-9 - $0 }
      let time = MonotonicTime.now()
      state.present?.tracker.adopt(
        prior, sources: ScaleSources(names: stored.sources),
        confirmed: age.map { time + -Int64(max(0, $0) * 1e9) }, at: time)
      let percent = (prior.logSigma * 1000).rounded() / 10
      state.notices.append(
        Notice(
          kind: .restored,
          text: "\(thousandths(exp(prior.logScale))) m per unit, good to \(percent) %, from the last run"))
    } catch { state.notices.append(Notice(kind: .refused, text: error.description)) }
  }

  // MARK: the supervisor's side

  /// Whether anything is being learned.
  package var isLearning: Bool { state.withLock { $0.present != nil } }
  package var scaleState: ScaleEstimate.State? { state.withLock { $0.present?.tracker.state } }
  package var report: ScaleReport? { state.withLock { $0.present?.tracker.report } }
  /// How the camera seems to sit now, when it was moved.
  package var moved: CameraMovedWatch.Verdict? { state.withLock { $0.moved } }

  /// Ways of observing that are switched off or cannot be.
  package var silent: SilentSources { state.withLock { $0.silent } }

  package func takeNotices() -> [Notice] {
    state.withLock { state in
      let notices = state.notices
      state.notices = []
      return notices
    }
  }

  /// A person's word; false while nothing is learned.
  package func set(_ prior: ScalePrior, at time: MonotonicTime) -> Bool {
    state.withLock { state in
      guard state.present != nil else { return false }
      state.present?.tracker.adopt(prior, sources: .constant, confirmed: time, at: time)
      return true
    }
  }

  /// Forgets; false while nothing is learned.
  package func reset() -> Bool {
    state.withLock { state in
      state.stored = nil
      state.earlier = []
      guard state.present != nil else { return false }
      state.present?.tracker.reset()
      return true
    }
  }

  /// What is worth storing now; nil unless the scale is good.
  package func storable(wall: WallTime, monotonic: MonotonicTime) -> StoredScale? {
    state.withLock { state in
      guard let present = state.present, present.tracker.estimate.isMetric else { return nil }
      let seconds = Double(wall.nanoseconds) * 1e-9
      return StoredScale(
        key: present.key, logScale: present.tracker.filter.logScale,
        logSigma: present.tracker.filter.logSigma, observations: present.tracker.filter.acceptedCount,
        sources: present.tracker.sources.names, time: seconds,
        confirmed: present.tracker.estimate.confirmed.map { seconds - Double(monotonic - $0) * 1e-9 })
    }
  }
}

private func thousandths(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
