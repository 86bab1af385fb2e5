import Odometry

/// What is known of the camera's motion before the images are asked, beside what odometry says of it.
struct MotionPrior {
  /// Spread of the odometry's turn about x (pitch), y (yaw) and z (roll), radians.
  let turnSigma: SIMD3<Double>
  /// Where the camera travels beside the odometry's direction, to the right and down, and the spread of it, radians.
  let direction: SIMD2<Float>
  let directionSigma: Double
}

/// How a camera that was mounted a little otherwise than it is said to be travels in its own image.
///
/// Wheels say how far the robot turned to a few thousandths of a radian, and that it travels the way it points. What is
/// left of the direction is how the camera sits, the same in every look. Images alone tell a direction to a hundredth
/// of a radian, which is worth several percent of the scale of what lies ahead; the mean over looks is worth more.
struct TravelDirection: Equatable {
  /// Spread of a mount that nobody has looked through, and of single directions around that of the mount: bumps, and
  /// wheels that drift in a bend, radians.
  private static let mountSigma = 0.05
  private static let lookSigma = 0.01
  /// What one look measures it to, radians.
  private static let measuredSigma = 0.02
  /// A mount is the mean over so many looks.
  private static let memory: Float = 50
  /// Turns that no wheel feels: those of the body on its springs, and of clocks that differ by a millisecond or two.
  private static let bodySigma = 0.008
  private static let clockSigma = 0.0015

  private(set) var mean = SIMD2<Float>.zero
  private(set) var looks: Float = 0

  /// Takes in what one look found. That the mount is as it is said to be counts as much as one look.
  /// - Parameter change: radians to the right of the odometry's direction and below it.
  mutating func add(_ change: SIMD2<Float>) {
    looks = min(looks + 1, Self.memory)
    mean += (change - mean) / (looks + 1)
  }

  /// - Parameter motion: by odometry.
  func prior(for motion: CameraMotion) -> MotionPrior {
    let mount =
      looks > 0 ? Self.measuredSigma * Self.measuredSigma / Double(looks) : Self.mountSigma * Self.mountSigma
    return MotionPrior(
      turnSigma: SIMD3(
        Self.bodySigma, (motion.turnVariance + Self.clockSigma * Self.clockSigma).squareRoot(), Self.bodySigma
      ),
      direction: mean,
      directionSigma: (mount + Self.lookSigma * Self.lookSigma).squareRoot())
  }
}
