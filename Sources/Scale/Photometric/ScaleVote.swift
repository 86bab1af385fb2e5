/// What one place of the image says: the log scale at which the network's depth puts it where it was seen earlier.
struct ScaleVote {
  /// Spread of the network's log depth from place to place.
  static let depthSigma: Float = 0.2

  /// Pixels of the finest level.
  var place: SIMD2<Float>
  /// ln of the network's depth there, network units.
  var logDepth: Float
  var logScale: Float
  /// Of `logScale`, by the noise of the image alone.
  var variance: Float
  /// How far the place moves with the translation, pixels of the finest level.
  var parallax: Float
  /// How much of the image it speaks for.
  var share: Float = 0

  /// How much it is worth beside another vote for the same pixel.
  var worth: Float { 1 / (Self.depthSigma * Self.depthSigma + variance) }
}
