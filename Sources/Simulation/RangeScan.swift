public import Geometry
public import ImageBuffers

/// A simulated range sensor at the camera: a few rotating beams, random points, or corners of the image.
public struct RangeScan: Sendable {
  /// Which directions are measured.
  public enum Pattern: Equatable, Sendable {
    /// Horizontal lines, evenly spaced between the elevations; about one point per `columnStep` pixels.
    case beams(Int)
    /// This many random pixels.
    case points(Int)
    /// At most so many corners of the image, the sharpest of each part of it: what visual odometry would follow.
    case corners(Int)
  }

  /// One return, in the pixel grid of the camera image.
  public struct Point: Equatable, Sendable {
    public var x: Int
    public var y: Int
    /// Measured depth along the optical axis, metres.
    public var depthMeters: Float
  }

  public var pattern: Pattern
  /// Standard deviation of the range, as a share of it.
  public var relativeSigma = 0.005
  /// Share of returns that are wrong altogether.
  public var outlierShare = 0.003
  /// Share of directions without a return.
  public var dropoutShare = 0.08
  public var maximumRangeMeters: Float = 80
  /// Elevations of the lowest and highest beam, radians.
  public var elevations: ClosedRange<Double> = -0.42...0.05
  public var columnStep = 1.4
  /// Whether it sees the left half of the image alone.
  public var isHalfBlind = false
  public var seed: UInt64

  public init(_ pattern: Pattern, seed: UInt64) {
    self.pattern = pattern
    self.seed = seed
  }

  /// The returns of one frame, in no particular order; several may fall into one pixel.
  /// - Parameters:
  ///   - depth: the frame's true depth, of the calibration's size.
  ///   - image: the frame's picture, of the same size.
  public func measure(
    _ depth: borrowing Plane<Float>, image: borrowing RGBImage, calibration: CameraCalibration, frame: Int
  ) -> [Point] {
    var random = SimulationRandom(seed: seed, stream: 30, index: frame)
    var points: [Point] = []
    switch pattern {
    case .points(let count):
      for _ in 0..<count {
        let x = Int(random.real(0, Double(depth.width)))
        let y = Int(random.real(0, Double(depth.height)))
        measure(x, y, depth, &random, &points)
      }
    case .beams(let count):
      for beam in 0..<count {
        measureBeam(beam, of: count, depth, calibration, &random, &points)
      }
    case .corners(let count):
      for corner in ImageCorners.find(in: image, atMost: count) {
        measure(corner.x, corner.y, depth, &random, &points)
      }
    }
    return points
  }

  /// One line of constant elevation, swept over the camera's field of view.
  private func measureBeam(
    _ beam: Int, of count: Int, _ depth: borrowing Plane<Float>, _ calibration: CameraCalibration,
    _ random: inout SimulationRandom, _ points: inout [Point]
  ) {
    let share = count > 1 ? Double(beam) / Double(count - 1) : 0.5
    let elevation = elevations.lowerBound + (elevations.upperBound - elevations.lowerBound) * share
    let k = calibration.intrinsics
    let slope = SimulationMath.sine(elevation) / SimulationMath.cosine(elevation)
    var u = -0.25 * Double(depth.width)
    while u < 1.25 * Double(depth.width) {
      u += columnStep
      let x = (u - k.cx) / k.fx
      // At azimuth a the cone of constant elevation has y = -tan(elevation) / cos(a).
      let y = -slope * (1 + x * x).squareRoot()
      let seen = calibration.distortion.distort(x: x, y: y)
      let pixel = k.project(x: seen.x, y: seen.y)
      let column = Int(pixel.u.rounded())
      let row = Int(pixel.v.rounded())
      guard column >= 0, column < depth.width, row >= 0, row < depth.height else { continue }
      measure(column, row, depth, &random, &points)
    }
  }

  private func measure(
    _ x: Int, _ y: Int, _ depth: borrowing Plane<Float>, _ random: inout SimulationRandom,
    _ points: inout [Point]
  ) {
    let truth = depth.row(y)[x]
    let noise = 1 + relativeSigma * random.normal()
    let fate = random.unit()
    let wrong = random.real(0.5, 1.5)
    guard !isHalfBlind || 2 * x < depth.width else { return }
    guard fate >= dropoutShare, truth.isFinite, truth < maximumRangeMeters else { return }
    let isOutlier = fate > 1 - outlierShare
    points.append(Point(x: x, y: y, depthMeters: truth * Float(isOutlier ? wrong : noise)))
  }
}
