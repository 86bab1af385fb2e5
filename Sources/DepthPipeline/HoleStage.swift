import Geometry
import ImageBuffers
import Preprocessing
import Quantities

/// Takes away depth that cannot be: what the network puts far below the ground (`HoleFinder`).
///
/// Such pixels become NaN and are never filled: what a hole hides is unknown. The NaN carries its reason in the
/// payload's lowest bits (docs/wire.md).
struct HoleStage: ~Copyable {
  private var finder: HoleFinder
  /// Share of the last frame's pixels that lie in holes.
  private(set) var share = 0.0
  /// Pixels of the last frame that had a finite depth and lost it.
  private(set) var removedPixels = 0

  /// Nil when it is switched off, or the camera is not calibrated.
  init?(settings: PipelineSettings, intrinsics: CameraIntrinsics?, mount: CameraMount?) {
    guard settings.removesHoles, let intrinsics else { return nil }
    finder = HoleFinder(intrinsics: intrinsics, mount: mount)
  }

  /// - Parameters:
  ///   - depth: (height, width) of the grid, in the network's unit.
  ///   - farthest: in the same; larger depths are +Inf already.
  mutating func run(_ depth: UnsafeMutablePointer<Float>, farthest: Float) {
    share = finder.run(depth, farthest: farthest).share
    var removed = 0
    finder.forEachHolePixel { index, reason in
      removed += depth[index].isFinite ? 1 : 0
      depth[index] = Float(nan: UInt32(reason.rawValue), signaling: false)
    }
    removedPixels = removed
  }
}
