/// When learning may look again: after as many frames as its share of the network's time takes to earn, both counted.
///
/// Counted time is the same in every run (`LookPrice`, `StepCost.nominalNanoseconds`), so that the same drive is looked
/// at in the same frames. `LearningGuard` holds what was counted against what it takes in truth.
package struct LearningPace {
  /// What learning may take besides, while it is in a hurry: in network times of single frames.
  package struct Hurry {
    /// In each frame.
    let share: Double
    /// In all: who never comes to an end takes no more.
    let reserve: Double
    /// Comes back of the reserve in each frame without hurry.
    let refill: Double
  }

  /// Of looks: nearly twice as often until metres are known. The first half minute decides how far off they are when
  /// consumers first see them.
  package static let ofLooks = LearningPace(
    share: 0.07, hurry: Hurry(share: 0.0575, reserve: 12, refill: 0.005))

  /// What may be saved up, and owed, as shares of single frames.
  private static let largestSaving = 60.0
  private static let largestDebt = 40.0

  /// Of the network's time.
  private let share: Double
  /// Once used up, so many frames' shares are saved before it is spent again: for what needs frame after frame.
  private let burst: Double
  private let hurry: Hurry?
  private var reserve: Double
  private var saved = 0.0
  package private(set) var allows = true

  package init(share: Double, burst: Double = 0, hurry: Hurry? = nil) {
    self.share = share
    self.burst = burst
    self.hurry = hurry
    reserve = hurry?.reserve ?? 0
  }

  /// Goes on by one frame.
  /// - Parameters:
  ///   - nanoseconds: counted, of learning in this frame.
  ///   - networkNanoseconds: counted, of the network in this frame.
  ///   - isHurried: whether what is looked for is still missing.
  package mutating func spend(
    _ nanoseconds: Double, of networkNanoseconds: Double, isHurried: Bool = false
  ) {
    let earned = networkNanoseconds * share
    let besides = networkNanoseconds * takeReserve(isHurried: isHurried)
    saved = max(
      -earned * Self.largestDebt, min(earned * Self.largestSaving, saved + earned + besides - nanoseconds))
    allows = saved >= (allows ? 0 : earned * burst)
  }

  /// - Returns: what hurry gives to this frame, in network times.
  private mutating func takeReserve(isHurried: Bool) -> Double {
    guard let hurry else { return 0 }
    guard isHurried else {
      reserve = min(hurry.reserve, reserve + hurry.refill)
      return 0
    }
    let taken = min(hurry.share, reserve)
    reserve -= taken
    return taken
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
  private static let largestSaving = 14.0
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
