/// How much of the image moves along without showing it.
///
/// What drives ahead seems too far away: at the robot's own speed infinitely far, at half of it twice as far, at a
/// third half again as far. Votes beyond all plausible distances are left out anyway; how many they are tells how many
/// of the others are not to be believed. Chance errs to both sides: what errs to the near side is taken off first.
package enum HiddenMovers {
  /// For each two votes that are implausibly far away, one hides among the plausible ones.
  private static let share: Float = 0.5
  /// No more of the plausible votes than this are taken for hidden movers.
  private static let most: Float = 0.5

  /// The quantile of the plausible votes that is the median of those among them that stand.
  ///
  /// - Parameters: weights of the votes that are implausibly far, implausibly near, and plausible.
  package static func quantile(far: Float, near: Float, plausible: Float) -> Float {
    guard far > near, plausible > 0 else { return 0.5 }
    return 0.5 * (1 - min(most, share * (far - near) / plausible))
  }
}
