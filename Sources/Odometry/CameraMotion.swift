public import Geometry

/// How a camera moved between two moments, by odometry.
///
/// Take both times at mid-exposure (`FrameMetadata.midExposureTime`). Making one allocates nothing.
public struct CameraMotion: Equatable, Sendable {
  /// Maps points from the optical frame at the end to the one at the start: what the later frame shows, as the
  /// earlier frame sees it.
  public var startFromEnd: RigidTransform
  /// Straight distance between the two positions of the optical centre, metres.
  public var chordMeters: Double
  /// Variance of `chordMeters`, m2.
  public var chordVariance: Double
  /// How far the camera turned about the vertical, radians to the left, and its variance.
  public var turnRadians: Double
  public var turnVariance: Double
  /// By how much the speed differed within the time, for each second of it.
  public var accelerationMetersPerSecond2 = 0.0

  /// Maps points from the optical frame at the start to the one at the end.
  public var endFromStart: RigidTransform { startFromEnd.inverse }

  /// Standard deviation of the chord, metres.
  public var chordSigmaMeters: Double { chordVariance.squareRoot() }

  /// - Parameters:
  ///   - window: the body's motion.
  ///   - mount: where the camera sits; nil = not known, taken as looking level and ahead from the body's origin.
  ///   - noise: of the odometry.
  ///
  /// t_C = R_BC^T (t_B + (R_B - I) p_BC), and
  /// sigma_d^2 = (k_v d)^2 + q^2 + (a sigma_t dt)^2 + (2 sin(turn/2) sigma_p)^2: speed, encoder, time and lever arm.
  /// - Source: preintegrated wheel odometry with extrinsics as in MINS (Lee et al. 2023), UpdaterWheel.
  public init(window: OdometryWindow, mount: CameraMount?, noise: OdometryNoiseModel = OdometryNoiseModel()) {
    let bodyFromCamera = (mount ?? CameraMount(heightMeters: 0, pitchRadians: 0)).bodyFromCamera
    startFromEnd = bodyFromCamera.inverse * window.motion.startFromEnd * bodyFromCamera
    let t = startFromEnd.translation
    let chord = (t * t).sum().squareRoot()
    chordMeters = chord
    turnRadians = window.motion.heading
    chordVariance = noise.chordVariance(
      chord: chord, window: window, knowsLeverArm: mount?.leverArm != nil)
    turnVariance = noise.turnVariance(of: window)
    accelerationMetersPerSecond2 = window.acceleration
  }
}
