public import Geometry
import Quantities

/// What became of the points of a range scan, in points: every one is counted once.
public struct RangeCounts: Equatable, Sendable {
  /// On the grid now.
  public package(set) var kept = 0
  /// With a coordinate that is NaN or infinite.
  public internal(set) var notFinite = 0
  /// Behind the camera, or nearer than the nearest depth.
  public internal(set) var tooNear = 0
  public internal(set) var tooFar = 0
  /// Beside the image.
  public internal(set) var outside = 0
  /// Behind a nearer point of the same pixel: what the sensor sees there, the camera does not.
  public internal(set) var hidden = 0
  /// Between nearer points: seen by the sensor past something that the camera sees instead (`OcclusionFilter`).
  public internal(set) var occluded = 0

  public init() {}

  /// Counts a point for which the lens has no ray.
  public mutating func countOutside() { outside += 1 }

  public var received: Int { kept + notFinite + tooNear + tooFar + outside + hidden + occluded }

  public static func += (left: inout RangeCounts, right: RangeCounts) {
    left.kept += right.kept
    left.notFinite += right.notFinite
    left.tooNear += right.tooNear
    left.tooFar += right.tooFar
    left.outside += right.outside
    left.hidden += right.hidden
    left.occluded += right.occluded
  }
}

/// Brings points of a range sensor onto a camera's pixel grid: transformed, projected, and of each pixel the nearest.
public struct RangeProjection: Sendable {
  public let intrinsics: CameraIntrinsics
  /// Depth outside of these is no point, metres.
  public let nearestMeters: Double
  public let farthestMeters: Double

  /// - Parameter intrinsics: of the grid (no distortion).
  public init(intrinsics: CameraIntrinsics, nearestMeters: Double, farthestMeters: Double) {
    self.intrinsics = intrinsics
    self.nearestMeters = nearestMeters
    self.farthestMeters = farthestMeters
  }

  /// Projects points (x, y, z), little-endian float32 in metres, one after the other without padding.
  ///
  /// - Parameters:
  ///   - gridFromSensor: from the sensor at the time of the scan to the grid's camera (x right, y down, z forward) at
  ///     the time of the frame: extrinsics, the robot's motion in between, rectification.
  ///   - points: on the grid of `intrinsics`; keeps what it holds already, nearer ones replace it.
  /// - Precondition: the byte count is a multiple of 12.
  public func run(
    xyz bytes: UnsafeRawBufferPointer, gridFromSensor: RigidTransform, into points: inout SparseDepth
  ) -> RangeCounts {
    precondition(bytes.count % 12 == 0, "a point has three floats")
    var counts = RangeCounts()
    for offset in stride(from: 0, to: bytes.count, by: 12) {
      let point = SIMD3(
        Double(bytes.littleEndianFloat(at: offset)), Double(bytes.littleEndianFloat(at: offset + 4)),
        Double(bytes.littleEndianFloat(at: offset + 8)))
      insert(gridFromSensor.apply(point), into: &points, &counts)
    }
    return counts
  }

  /// Takes in one point in the frame of the grid's camera (x right, y down, z forward), metres.
  public func insert(
    _ point: SIMD3<Double>, into points: inout SparseDepth, _ counts: inout RangeCounts
  ) {
    guard point.x.isFinite, point.y.isFinite, point.z.isFinite else { return counts.notFinite += 1 }
    guard point.z > 0, point.z >= nearestMeters else { return counts.tooNear += 1 }
    guard point.z <= farthestMeters else { return counts.tooFar += 1 }
    let pixel = intrinsics.project(x: point.x / point.z, y: point.y / point.z)
    let (column, row) = (pixel.u.rounded(), pixel.v.rounded())
    guard column >= 0, column < Double(points.size.width), row >= 0, row < Double(points.size.height) else {
      return counts.outside += 1
    }
    switch points.insert(row: Int(row), column: Int(column), depth: Float(point.z)) {
    case .inserted: counts.kept += 1
    // The farther point of the two gives way, whichever came first.
    case .replaced, .hidden: counts.hidden += 1
    }
  }
}
