/// When learning may look again: after as many frames as its share of the network's time takes to earn, both counted.
///
/// Counted time is the same in every run (`LookPrice`, `StepCost.nominalNanoseconds`), so that the same drive is looked
/// at in the same frames. `LearningGuard` holds what was counted against what it takes in truth.
package struct LearningPace {
  /// What may be saved up, and owed, as shares of single frames.
  private static let largestSaving = 60.0
  private static let largestDebt = 40.0

  /// Of the network's time.
  private let share: Double
  /// Once used up, so many frames' shares are saved before it is spent again: for what needs frame after frame.
  private let burst: Double
  private var saved = 0.0
  package private(set) var allows = true

  package init(share: Double, burst: Double = 0) {
    self.share = share
    self.burst = burst
  }

  /// Goes on by one frame.
  /// - Parameters:
  ///   - nanoseconds: counted, of learning in this frame.
  ///   - networkNanoseconds: counted, of the network in this frame.
  package mutating func spend(_ nanoseconds: Double, of networkNanoseconds: Double) {
    let earned = networkNanoseconds * share
    saved = max(-earned * Self.largestDebt, min(earned * Self.largestSaving, saved + earned - nanoseconds))
    allows = saved >= (allows ? 0 : earned * burst)
  }
}

/// Keeps learning below a tenth of the network's time on machines where it takes longer than was counted.
///
/// It only ever refuses looks. Where looks take about what was counted it never speaks: it begins with a saving and
/// allows more than the paces ask for, so that a slow moment changes nothing.
package struct LearningGuard {
  private static let share = 0.095
  /// In measured network times of single frames: what may be saved up, which is there at the start, and owed. A first
  /// look, into cold memory, is no measure.
  private static let largestSaving = 6.0
  private static let largestDebt = 10.0

  private var saved = LearningGuard.largestSaving

  package init() {}

  package var allows: Bool { saved >= 0 }

  /// Goes on by one frame.
  /// - Parameters:
  ///   - nanoseconds: processor time of learning in this frame.
  ///   - networkNanoseconds: processor time of the network in this frame, in the same thread.
  package mutating func spend(_ nanoseconds: Int64, of networkNanoseconds: Int64) {
    guard networkNanoseconds > 0 else { return }
    let spent = Double(nanoseconds) / Double(networkNanoseconds)
    saved = max(-Self.largestDebt, min(Self.largestSaving, saved + Self.share - spent))
  }
}
