public import Geometry
public import Odometry
public import Quantities

/// Looks at frames and says, now and then, how many metres a unit of network depth is.
///
/// Joins the ways of looking: photometric, ground, range points, and a pose network where there is one. Call it once
/// for each frame, after the network ran: it decides by itself when there is something to learn, so that its
/// cost averaged over frames stays small, and does nothing while the camera stands. Allocates nothing after
/// `init`. One thread.
public struct ScaleObserver: ~Copyable {
  /// Which ways of looking are on, and how often.
  public struct Settings: Hashable, Sendable {
    public var usesPhotometric = true
    public var usesGround = true
    public var usesPoints = true
    public var usesPose = true
    /// Between two looks of one kind, seconds.
    public var photometricIntervalSeconds = 0.25
    public var groundIntervalSeconds = 1.0
    public var pointsIntervalSeconds = 0.25
    public var poseIntervalSeconds = 0.5
    public var heightIntervalSeconds = 0.5

    public init() {}
  }

  /// One frame as the network saw it. The buffers must stay valid during the call only.
  public struct Frame {
    /// Capture time (mid-exposure, where known), on the clock of the odometry.
    public var time: MonotonicTime
    /// (3, height, width) without gaps: the network's input, red, green, blue; any affine normalisation.
    public var image: UnsafePointer<Float>
    /// (height, width) without gaps: the network's depth in its own unit, without any scale; NaN = unknown,
    /// +Inf = beyond range.
    public var depth: UnsafePointer<Float>

    public init(time: MonotonicTime, image: UnsafePointer<Float>, depth: UnsafePointer<Float>) {
      self.time = time
      self.image = image
      self.depth = depth
    }
  }

  /// What one frame taught.
  public struct Result: Equatable, Sendable {
    /// Nil when nobody looked at this frame.
    public var photometric: ScaleObservation?
    public var ground: ScaleObservation?
    public var pose: ScaleObservation?
    public var points: ScaleObservation?
    /// How high the camera sits by images and odometry; nil when nobody looked.
    public var height: HeightObservation?
    /// Share of the image that stands still although odometry says it should move; nil when nobody looked.
    public var staticShare: Double?
    /// Turn of the camera as images show it, rad/s to the left; nil when nobody looked or images do not tell.
    public var imageYawRate: Double?
    /// What looking took, counted (`LookPrice`), nanoseconds: the same in every run.
    public var nominalNanoseconds = 0.0

    public init() {}
  }

  private let settings: Settings
  private var photometric: PhotometricObserver
  private var ground: GroundObserver
  private var height: HeightObserver
  private var points: PointsObserver
  private var pose: PoseObserver?
  private var lastPoints: MonotonicTime?

  /// - Parameters:
  ///   - intrinsics: of the network's grid.
  ///   - mount: how the camera sits; nil = not known, then the ground says nothing.
  ///   - initialLogScale: ln(metres per network unit) the model was made with; scales up to a factor of three
  ///     from it are looked for.
  ///   - poseNetwork: nil = there is none, then it says nothing.
  public init(
    intrinsics: CameraIntrinsics, mount: CameraMount?, initialLogScale: Double,
    poseNetwork: (source: any PairMotionSource, training: PairMotionTraining)? = nil,
    settings: Settings = Settings()
  ) {
    self.settings = settings
    photometric = PhotometricObserver(
      intrinsics: intrinsics, initialLogScale: initialLogScale,
      intervalSeconds: settings.photometricIntervalSeconds)
    ground = GroundObserver(
      intrinsics: intrinsics, mount: mount, initialLogScale: initialLogScale,
      intervalSeconds: settings.groundIntervalSeconds)
    height = HeightObserver(
      intrinsics: PhotometricObserver.viewIntrinsics(intrinsics), mount: mount,
      intervalSeconds: settings.heightIntervalSeconds)
    points = PointsObserver()
    guard settings.usesPose, let poseNetwork else { return }
    pose = PoseObserver(
      source: poseNetwork.source, training: poseNetwork.training, initialLogScale: initialLogScale,
      intervalSeconds: settings.poseIntervalSeconds)
  }

  /// Looks at one frame.
  ///
  /// - Parameters:
  ///   - mayLook: false when there is no time for a look; the frame is still kept to be looked back at.
  ///   - motion: the odometry's motion of the camera between two times (start, end); nil when odometry
  ///     does not cover them. Asked at most a dozen times.
  public mutating func observe(
    _ frame: Frame, mayLook: Bool = true, motion: (MonotonicTime, MonotonicTime) -> CameraMotion?
  ) -> Result {
    var result = Result()
    if settings.usesPhotometric {
      result.photometric = photometric.observe(frame, mayLook: mayLook, motion: motion)
      result.staticShare = photometric.staticShare
      result.imageYawRate = photometric.imageYawRate
      result.nominalNanoseconds += photometric.nominalNanoseconds
    }
    if settings.usesGround, mayLook {
      result.ground = ground.observe(frame, motion: motion)
      if result.ground != nil { result.nominalNanoseconds += LookPrice.ground }
      if let pair = photometric.pair(frame) {
        result.height = height.observe(pair, ground: ground.surface, at: frame.time)
        if result.height != nil { result.nominalNanoseconds += height.nominalNanoseconds }
      }
    }
    result.pose = pose?.observe(frame, mayLook: mayLook, motion: motion)
    result.nominalNanoseconds += pose?.nominalNanoseconds ?? 0
    return result
  }

  /// Whether it is time to compare range points with depth; the caller then does.
  public func wantsPoints(at time: MonotonicTime) -> Bool {
    guard settings.usesPoints else { return false }
    return lastPoints.map { Double(time - $0) * 1e-9 >= settings.pointsIntervalSeconds } ?? true
  }

  /// Compares range points with the depth that the network predicted without them.
  ///
  /// - Parameters:
  ///   - logRatios: for each point, ln(measured depth in metres / predicted depth in network units) at its pixel;
  ///     values that are not finite are left out. The buffer is reordered.
  ///   - time: capture time of the frame.
  public mutating func observe(
    logRatios: UnsafeMutableBufferPointer<Float>, time: MonotonicTime
  ) -> ScaleObservation? {
    guard settings.usesPoints else { return nil }
    lastPoints = time
    return points.observe(logRatios, time: time)
  }

  /// What comparing so many range points takes, counted (`LookPrice`).
  public static func nominalNanoseconds(points count: Int) -> Double { LookPrice.rangePoint * Double(count) }

  /// Forgets earlier frames: the camera, its mount or the clock changed.
  public mutating func forget() {
    photometric.forget()
    ground.forget()
    height.forget()
    pose?.forget()
    lastPoints = nil
  }
}
