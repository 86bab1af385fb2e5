public import Geometry
import Glibc
public import Odometry
import Quantities

/// Measures how far the camera turned from frame to frame, by the images and the network's depth alone.
///
/// It asks no odometry, so that the odometry's clock and turns can be judged by it. Allocates nothing after `init`.
/// One thread.
public struct TurnMeter: ~Copyable {
  /// Frames farther apart are not compared, and nearer ones add nothing but noise.
  private static let longestNanoseconds: Int64 = 250_000_000
  private static let shortestNanoseconds: Int64 = 30_000_000
  /// A faster turn is a failure, rad/s.
  private static let fastest: Float = 3
  private static let coarseRounds = 3
  private static let fineRounds = 3
  /// Of the network's pixels that make one of the pyramid's finest level.
  private static let step = 2

  private let size: ImageSize
  private let coarseCamera: GridCamera
  private let fineCamera: GridCamera
  /// Down, the robot's way ahead and its left, in the camera's axes.
  private let down: SIMD3<Float>
  private let forward: SIMD3<Float>
  private let sideways: SIMD3<Float>
  private var newer: LumaPyramid
  private var older: LumaPyramid
  private var last: MonotonicTime?
  /// What the last two frames said, per second: where the next search begins.
  private var rate = SIMD3<Float>.zero
  private var wayRate = SIMD2<Float>.zero

  /// - Parameters:
  ///   - intrinsics: of the network's grid.
  ///   - mount: how the camera sits; nil = taken as level and looking ahead.
  public init(intrinsics: CameraIntrinsics, mount: CameraMount?) {
    size = intrinsics.size
    let finest = ImageSize(width: size.width / Self.step, height: size.height / Self.step)
    newer = LumaPyramid(size: finest)
    older = LumaPyramid(size: finest)
    let middle = ImageSize(width: finest.width / 2, height: finest.height / 2)
    let coarse = ImageSize(width: finest.width / 4, height: finest.height / 4)
    fineCamera = GridCamera(intrinsics.scaled(to: middle))
    coarseCamera = GridCamera(intrinsics.scaled(to: coarse))
    let cameraFromBody = (mount ?? CameraMount(heightMeters: 0, pitchRadians: 0)).bodyFromCamera.inverse
    func single(_ v: SIMD3<Double>) -> SIMD3<Float> { SIMD3(Float(v.x), Float(v.y), Float(v.z)) }
    down = single(cameraFromBody.rotate(SIMD3(0, 0, -1)))
    forward = single(cameraFromBody.rotate(SIMD3(1, 0, 0)))
    sideways = single(cameraFromBody.rotate(SIMD3(0, 1, 0)))
  }

  /// What one measurement takes, counted (`LookPrice`), nanoseconds.
  public var nominalNanoseconds: Double {
    LookPrice.turnPixel * Double(size.pixelCount / (Self.step * Self.step))
  }

  /// Forgets the frame before: the camera or its clock changed, or nobody looked for a while.
  public mutating func forget() {
    last = nil
    rate = .zero
    wayRate = .zero
  }

  /// Compares a frame with the one before; nil when there is none, or the images do not tell.
  public mutating func observe(_ frame: ScaleObserver.Frame) -> VisualTurn? {
    if let last, frame.time >= last, frame.time - last < Self.shortestNanoseconds { return nil }
    newer.fill(planes: frame.image, size: size, step: Self.step)
    defer {
      last = frame.time
      swap(&newer, &older)
    }
    guard let last, frame.time > last, frame.time - last <= Self.longestNanoseconds else {
      rate = .zero
      wayRate = .zero
      return nil
    }
    let seconds = Float(frame.time - last) * 1e-9
    guard let found = align(frame, seconds: seconds) else {
      rate = .zero
      wayRate = .zero
      return nil
    }
    rate = found.turn / seconds
    wayRate = found.way / seconds
    // The older frame lies turned to the right of a camera that turns to the left; down is the axis of right turns.
    let left = -(found.turn * down).sum()
    guard abs(left) <= Self.fastest * seconds else { return nil }
    return VisualTurn(start: last, end: frame.time, radians: Double(left))
  }

  private func align(_ frame: ScaleObserver.Frame, seconds: Float) -> TurnAlignment? {
    var alignment = TurnAlignment(forward: forward, sideways: sideways)
    alignment.turn = rate * seconds
    alignment.way = wayRate * seconds
    let (new, old) = (newer.levels, older.levels)
    let isFound =
      alignment.refine(
        newer: new.coarse, older: old.coarse,
        depth: NetworkDepth(start: frame.depth, size: size, step: 4 * Self.step), camera: coarseCamera,
        rounds: Self.coarseRounds)
      && alignment.refine(
        newer: new.middle, older: old.middle,
        depth: NetworkDepth(start: frame.depth, size: size, step: 2 * Self.step), camera: fineCamera,
        rounds: Self.fineRounds)
    return isFound ? alignment : nil
  }
}
