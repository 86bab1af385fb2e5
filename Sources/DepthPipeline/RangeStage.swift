public import Completion
public import Geometry
package import ImageBuffers
package import Preprocessing
import Quantities

/// What became of a frame's range points.
public struct RangeReport: Equatable, Sendable {
  /// Of every point that came for this frame.
  public var counts = RangeCounts()
  /// Points that entered the network, after thinning; 0 in prediction mode.
  public var completing = 0
  /// The longest time between the frame and a scan that counts; nil when no points came.
  public var ageNanoseconds: Int64?

  public init() {}
}

/// Collects the range points of one frame on the published grid, from whichever door they come: scans of other
/// sensors, and what the source measured with the frame itself.
///
/// Scans are added before the frame is processed; what is there counts for that frame alone. Allocates nothing after
/// `init`. One thread, the pipeline's.
public final class RangeStage {
  /// The points, until the next frame's first.
  package private(set) var points: SparseDepth
  package private(set) var report = RangeReport()
  private let grid: PublishedGrid
  /// Nil for an uncalibrated camera: nothing can be projected onto its grid.
  private var projection: RangeProjection?
  private var settings: RangeSettings
  private var filter: OcclusionFilter
  /// Whether a sensor saw from another place than the camera.
  private var hasParallax = false
  /// Whether a frame was processed with what is there.
  private var isSpent = false

  /// A sensor nearer to the camera than this sees what the camera sees.
  private static let parallaxMeters = 0.03

  package init(grid: PublishedGrid, settings: RangeSettings) {
    self.grid = grid
    self.settings = settings
    points = SparseDepth(size: grid.size)
    filter = OcclusionFilter(size: grid.size)
    apply(settings)
  }

  /// Takes live settings in.
  func apply(_ settings: RangeSettings) {
    self.settings = settings
    projection = grid.intrinsics.map {
      RangeProjection(
        intrinsics: $0, nearestMeters: settings.nearestMeters, farthestMeters: settings.farthestMeters)
    }
  }

  /// Whether scans of other sensors can be used at all: the camera is calibrated.
  public var canProject: Bool { projection != nil }

  /// Maps points from the camera's optical frame to the grid's, which the calibration may turn.
  public var gridFromCamera: RigidTransform { grid.rectification?.rectifiedFromCamera ?? .identity }

  /// Adds a scan for the next frame: (x, y, z), little-endian float32 in metres.
  ///
  /// - Parameters:
  ///   - gridFromSensor: from the sensor at the time of the scan to the grid's camera at the time of the frame.
  ///   - ageNanoseconds: between scan and frame.
  public func add(
    xyz bytes: UnsafeRawBufferPointer, gridFromSensor: RigidTransform, ageNanoseconds: Int64
  ) {
    begin()
    guard let projection else { return }
    let t = gridFromSensor.translation
    if (t * t).sum().squareRoot() > Self.parallaxMeters { hasParallax = true }
    report.counts += projection.run(xyz: bytes, gridFromSensor: gridFromSensor, into: &points)
    report.ageNanoseconds = max(report.ageNanoseconds ?? 0, ageNanoseconds)
  }

  /// Adds what the source measured with the frame, and settles which points count for it.
  ///
  /// - Parameter isBeside: whether the source's sensor sees from another place than the camera.
  package func settle(_ pixels: [RangePixel], isBeside: Bool = false) {
    begin()
    if settings.usesSource, !pixels.isEmpty {
      for pixel in pixels { add(pixel) }
      hasParallax = hasParallax || isBeside
      report.ageNanoseconds = report.ageNanoseconds ?? 0
    }
    if hasParallax { filter.run(&points, &report.counts) }
    isSpent = true
  }

  func note(completing: Int) { report.completing = completing }

  /// Forgets the last frame's points when the first of the next one come.
  private func begin() {
    guard isSpent else { return }
    isSpent = false
    hasParallax = false
    points.clear()
    report = RangeReport()
  }

  private func add(_ pixel: RangePixel) {
    let (u, v, depth) = (Double(pixel.u), Double(pixel.v), Double(pixel.depthMeters))
    if let projection, let rectification = grid.rectification {
      // Depth is along the captured image's axis; the calibration may turn the grid's away from it.
      guard let ray = rectification.rectifiedRay(capturedU: u, v: v) else {
        return report.counts.countOutside()
      }
      return projection.insert(ray * depth, into: &points, &report.counts)
    }
    guard let place = grid.gridPixel(capturedU: u, v: v) else { return report.counts.countOutside() }
    uncalibrated.insert(
      SIMD3(place.u * depth, place.v * depth, depth), into: &points, &report.counts)
  }

  /// The grid as a camera of focal length 1 whose directions are its pixels.
  private var uncalibrated: RangeProjection {
    RangeProjection(
      intrinsics: CameraIntrinsics(fx: 1, fy: 1, cx: 0, cy: 0, size: grid.size),
      nearestMeters: settings.nearestMeters, farthestMeters: settings.farthestMeters)
  }
}
