import Geometry
import ImageBuffers
import Quantities
import WireFormat

/// The organised point cloud, on every n-th pixel of the grid, at most so often.
struct PointsStage: ~Copyable {
  /// Intrinsics of the cloud's own grid.
  let intrinsics: CameraIntrinsics
  private let step: Int
  private var thinned: Plane<Float>
  private var pace: Pace

  init(settings: PipelineSettings, intrinsics: CameraIntrinsics) {
    step = max(1, settings.pointsDecimation)
    let size = ImageSize(
      width: (intrinsics.size.width + step - 1) / step, height: (intrinsics.size.height + step - 1) / step)
    // Every n-th pixel is kept where it is, so positions divide by n.
    self.intrinsics = CameraIntrinsics(
      fx: intrinsics.fx / Double(step), fy: intrinsics.fy / Double(step), cx: intrinsics.cx / Double(step),
      cy: intrinsics.cy / Double(step), size: size)
    thinned = Plane(width: size.width, height: size.height)
    pace = Pace(intervalNanoseconds: settings.pointsIntervalNanoseconds)
  }

  mutating func isDue(at time: MonotonicTime) -> Bool { pace.isDue(at: time) }

  /// Writes the cloud and returns its size.
  mutating func encode(_ depth: borrowing Plane<Float>, into payload: inout ByteWriter) -> ImageSize {
    for y in 0..<thinned.height {
      let source = depth.baseAddress + y * step * depth.rowStride
      let target = thinned.baseAddress + y * thinned.rowStride
      for x in 0..<thinned.width { target[x] = source[x * step] }
    }
    PointCloudEncoding.encodeXYZ(thinned, intrinsics: intrinsics, into: &payload)
    return intrinsics.size
  }
}
