public import Geometry
public import Quantities

/// What became of the points of a range scan: every one is counted once.
public struct RangeCounts: Equatable, Sendable {
  /// On the grid now.
  public internal(set) var kept = 0
  /// With a coordinate that is NaN or infinite.
  public internal(set) var notFinite = 0
  /// Behind the camera, or nearer than the nearest depth.
  public internal(set) var tooNear = 0
  public internal(set) var tooFar = 0
  /// Beside the image.
  public internal(set) var outside = 0
  /// Behind a nearer point of the same pixel: what the sensor sees there, the camera does not.
  public internal(set) var hidden = 0

  public init() {}

  public var received: Int { kept + notFinite + tooNear + tooFar + outside + hidden }
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
    let transform = Rows(gridFromSensor)
    var counts = RangeCounts()
    for offset in stride(from: 0, to: bytes.count, by: 12) {
      let point = SIMD3(
        Double(Self.float(bytes, offset)), Double(Self.float(bytes, offset + 4)),
        Double(Self.float(bytes, offset + 8)))
      insert(transform.apply(point), into: &points, &counts)
    }
    return counts
  }

  /// Projects a sparse depth image of another camera: depth along its optical axis in metres, NaN or 0 = no point.
  ///
  /// - Parameters:
  ///   - depth: (height, width) of `camera`, by index row by row.
  ///   - camera: the image's own intrinsics (no distortion).
  ///   - gridFromCamera: as `gridFromSensor`, from that camera's optical frame.
  /// - Returns: pixels without a point are not counted.
  public func run(
    depth: (Int) -> Float, of camera: CameraIntrinsics, gridFromCamera: RigidTransform,
    into points: inout SparseDepth
  ) -> RangeCounts {
    let transform = Rows(gridFromCamera)
    var counts = RangeCounts()
    for row in 0..<camera.size.height {
      for column in 0..<camera.size.width {
        let z = Double(depth(row * camera.size.width + column))
        guard !z.isNaN, z != 0 else { continue }
        let ray = camera.unproject(u: Double(column), v: Double(row))
        insert(transform.apply(SIMD3(ray.x * z, ray.y * z, z)), into: &points, &counts)
      }
    }
    return counts
  }

  /// A rigid transform without arrays, for many points.
  private struct Rows {
    private let x: SIMD3<Double>
    private let y: SIMD3<Double>
    private let z: SIMD3<Double>
    private let translation: SIMD3<Double>

    init(_ transform: RigidTransform) {
      let r = transform.rotation
      x = SIMD3(r[0], r[1], r[2])
      y = SIMD3(r[3], r[4], r[5])
      z = SIMD3(r[6], r[7], r[8])
      translation = transform.translation
    }

    func apply(_ point: SIMD3<Double>) -> SIMD3<Double> {
      SIMD3((x * point).sum(), (y * point).sum(), (z * point).sum()) + translation
    }
  }

  private static func float(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Float {
    Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  private func insert(
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
