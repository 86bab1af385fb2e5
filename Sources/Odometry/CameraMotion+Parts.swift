public import Geometry

extension CameraMotion {
  /// A motion known from elsewhere: recorded poses, a simulation.
  /// - Parameters:
  ///   - startFromEnd: maps points from the optical frame at the end to the one at the start.
  ///   - relativeSigma: standard deviation of the chord, as a share of it.
  public init(startFromEnd: RigidTransform, turnRadians: Double, relativeSigma: Double) {
    self.startFromEnd = startFromEnd
    let t = startFromEnd.translation
    chordMeters = (t * t).sum().squareRoot()
    chordVariance = relativeSigma * relativeSigma * chordMeters * chordMeters
    self.turnRadians = turnRadians
    turnVariance = 1e-6
  }
}
