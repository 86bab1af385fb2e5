public import Geometry
import Glibc
public import Quantities

/// What the step from one calibration to another does to depth, seen on a raster of captured pixels.
///
/// A network sees how large things look in pixels; depth is that times the focal length. So depth changes
/// at each captured pixel by the ratio of the two lenses' local magnifications, in pixels per unit of
/// direction: for a pinhole camera simply the ratio of the focal lengths.
public struct CalibrationComparison: Sendable {
  /// Depth with the proposed calibration divided by depth with the present one: over all samples.
  public let medianRatio: Double
  public let smallestRatio: Double
  public let largestRatio: Double
  /// Where the ratio is farthest from one, captured pixel.
  public let farthestAt: (u: Int, v: Int)
  /// Angle between the rays that the two calibrations give the same pixel, radians.
  public let medianTurnRadians: Double
  public let largestTurnRadians: Double
  /// Samples, of `rasterSize`, that both calibrations give a ray.
  public let sampleCount: Int

  public static let rasterSize = ImageSize(width: 32, height: 24)

  /// Compares two calibrations; nil when they have no ray in common.
  /// - Throws: `.calibrationOfAnotherShape` unless both are of the same shape.
  public static func compare(
    present: CameraCalibration, proposed: CameraCalibration
  ) throws(GeometryError) -> CalibrationComparison? {
    let proposed = try proposed.scaled(to: present.size)
    var ratios: [(ratio: Double, u: Int, v: Int)] = []
    var turns: [Double] = []
    for row in 0..<rasterSize.height {
      for column in 0..<rasterSize.width {
        let u = (Double(column) + 0.5) * Double(present.size.width) / Double(rasterSize.width)
        let v = (Double(row) + 0.5) * Double(present.size.height) / Double(rasterSize.height)
        guard let old = Ray(present, u: u, v: v), let new = Ray(proposed, u: u, v: v) else { continue }
        ratios.append((old.spread / new.spread, Int(u), Int(v)))
        turns.append(old.angle(to: new))
      }
    }
    guard !ratios.isEmpty else { return nil }
    return CalibrationComparison(ratios: ratios.sorted { $0.ratio < $1.ratio }, turns: turns.sorted())
  }

  private init(ratios: [(ratio: Double, u: Int, v: Int)], turns: [Double]) {
    medianRatio = ratios[ratios.count / 2].ratio
    smallestRatio = ratios[0].ratio
    largestRatio = ratios[ratios.count - 1].ratio
    let farthest = abs(log(smallestRatio)) > abs(log(largestRatio)) ? ratios[0] : ratios[ratios.count - 1]
    farthestAt = (farthest.u, farthest.v)
    medianTurnRadians = turns[turns.count / 2]
    largestTurnRadians = turns[turns.count - 1]
    sampleCount = ratios.count
  }
}

/// Where one captured pixel looks, and how much direction it takes in.
private struct Ray {
  /// (x/z, y/z) of the direction.
  let x: Double
  let y: Double
  /// Square root of the area of directions that one pixel covers, in units of (x/z, y/z).
  let spread: Double

  /// Nil where the lens model has no ray.
  init?(_ calibration: CameraCalibration, u: Double, v: Double) {
    guard let here = Self.direction(calibration, u, v), let right = Self.direction(calibration, u + 1, v),
      let below = Self.direction(calibration, u, v + 1)
    else { return nil }
    x = here.x
    y = here.y
    let area = (right.x - here.x) * (below.y - here.y) - (right.y - here.y) * (below.x - here.x)
    guard area > 0 else { return nil }
    spread = area.squareRoot()
  }

  private static func direction(
    _ calibration: CameraCalibration, _ u: Double, _ v: Double
  ) -> (x: Double, y: Double)? {
    let bent = calibration.intrinsics.unproject(u: u, v: v)
    return calibration.distortion.undistort(x: bent.x, y: bent.y)
  }

  func angle(to other: Ray) -> Double {
    let product = x * other.x + y * other.y + 1
    let lengths = ((x * x + y * y + 1) * (other.x * other.x + other.y * other.y + 1)).squareRoot()
    return acos(min(1, product / lengths))
  }
}
