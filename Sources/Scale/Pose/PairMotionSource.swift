public import Geometry

/// Something that sees, in two frames, how the camera moved between them: what `PoseObserver` asks of a pose network.
public protocol PairMotionSource: AnyObject {
  /// How many frames can be kept, at least two.
  var slotCount: Int { get }

  /// About how long one `motion` takes, counted, nanoseconds (`LookPrice`).
  var nominalNanoseconds: Double { get }

  /// Keeps the newest frame for later.
  /// - Parameter image: (3, height, width) without gaps: the depth network's input.
  func keep(_ image: UnsafePointer<Float>, inSlot slot: Int)

  /// Maps points from the optical frame of the first to that of the second, in the unit of the network's depth.
  func motion(fromSlot first: Int, toSlot second: Int) -> RigidTransform
}

/// What is known of a pose network before it is asked.
public struct PairMotionTraining: Equatable, Sendable {
  /// Distances between two frames that it was trained on, for this camera, in the unit of the network's depth.
  public var distance: ClosedRange<Double>
  /// Largest turn between two frames, radians.
  public var rotationRadians: Double
  /// Standard deviation of ln(seen / true distance) from pair to pair, and from place to place: averaging removes
  /// only the first.
  public var pairSigma: Double
  public var placeSigma: Double

  public init(
    distance: ClosedRange<Double>, rotationRadians: Double, pairSigma: Double, placeSigma: Double
  ) {
    self.distance = distance
    self.rotationRadians = rotationRadians
    self.pairSigma = pairSigma
    self.placeSigma = placeSigma
  }
}
