/// Where the next look at the images starts: what the last few found.
///
/// The first looks, which search widely, say it alone: a guess that is far off would make every look start twice. Later
/// one look moves it a little only, however far off it is: a car that fills the view is at another scale, and a look
/// that starts there stays there.
package struct ExpectedScale {
  /// Looks that count alike, at first.
  private static let openingLooks = 4
  /// Weight of a look after them.
  private static let gain: Float = 0.3
  /// No later look counts as farther off than this: some three spreads of a network's own scale.
  private static let reach: Float = 0.2

  /// ln(metres per network unit).
  package private(set) var logScale: Float
  private var heardLooks = 0

  package init(initial: Float) { logScale = initial }

  /// Takes a believed look in.
  package mutating func hear(_ found: Float) {
    let off = found - logScale
    if heardLooks < Self.openingLooks {
      heardLooks += 1
      logScale += off / Float(heardLooks)
    } else {
      logScale += Self.gain * max(-Self.reach, min(Self.reach, off))
    }
  }
}
