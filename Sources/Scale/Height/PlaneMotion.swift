import Geometry
import Glibc

/// A plane and the motion of the camera over it: what the two images of a pair are explained by.
///
/// A point of the plane seen along the ray r of the newer frame lies at r / w, w = n.r / h, so the older frame sees it
/// at R r + w t: the homography R + t n^T / h. Eight unknowns: three small turns R, two small changes of the direction
/// of travel, two tilts of the plane, and the logarithm of its distance h. The length of the travel is the odometry's.
/// - Source: Hartley and Zisserman 2004, chapter 13.1 (homography of a plane).
struct PlaneMotion {
  /// Spread of the odometry's turn about x (pitch), y (yaw) and z (roll), radians.
  private static let turnSigma = SIMD3<Double>(0.008, 0.005, 0.008)
  /// Of the direction of travel to the right and down, radians: a mount that is wrong by degrees tilts it.
  private static let directionSigma = SIMD2<Double>(0.04, 0.08)
  /// Of the plane's pitch and roll, radians.
  private static let tiltSigma = SIMD2<Double>(0.1, 0.02)
  /// Wheels roll along the ground: how far the travel may lead off it, radians.
  private static let slopeSigma = 0.01
  /// Spread of the ground's own height, as a share of the camera's: no patch says more.
  private static let roughness: Float = 0.005
  /// Below this share of its information along the way of motion a patch does not speak of the way.
  private static let leastShareAlong: Float = 0.1
  private static let silent: Float = 10
  /// Spread of the network's log depth where nothing but the motion is asked of a match.
  private static let depthSigma: Float = 0.7
  /// Cauchy's bound, in squared deviations: beyond it a match counts less.
  private static let softness: Float = 1

  private let odometry: ViewMotion
  private let length: Float
  private let direction: SIMD3<Float>
  private let right: SIMD3<Float>
  private let down: SIMD3<Float>
  private let expectedNormal: SIMD3<Float>
  /// Where the normal goes with pitch and with roll.
  private let pitchAxis: SIMD3<Float>
  private let rollAxis: SIMD3<Float>
  private var turn = SIMD3<Float>.zero
  private var change = SIMD2<Float>.zero
  private var tilt = SIMD2<Float>.zero
  var logHeight: Float
  private(set) var motion: ViewMotion
  private(set) var normal: SIMD3<Float>
  /// Of `logHeight`, as far as images and assumptions go.
  private(set) var variance = Double.infinity

  /// - Returns: nil when the camera did not move.
  init?(odometry: ViewMotion, normal: SIMD3<Float>, height: Float) {
    self.odometry = odometry
    motion = odometry
    length = (odometry.translation * odometry.translation).sum().squareRoot()
    guard length > 1e-4, height > 0 else { return nil }
    direction = odometry.translation / length
    right = Self.normalized(cross(normal, direction))
    down = cross(direction, right)
    expectedNormal = normal
    self.normal = normal
    // Down goes forward when the camera is pitched down, and to the right when its right side is the lower one.
    pitchAxis = Self.normalized(SIMD3(0, 0, 1) - normal.z * normal)
    rollAxis = cross(normal, pitchAxis)
    logHeight = logf(height)
  }

  /// Radians between the odometry's direction of travel and what the images show.
  var directionChange: Float { (change * change).sum().squareRoot() }

  /// One over the depth of the plane along a ray, 1/m.
  @inline(__always)
  func inverseDepth(_ ray: SIMD3<Float>) -> Float { (normal * ray).sum() * expf(-logHeight) }

  /// Where the older frame sees what the newer one sees of the plane along a ray; nil behind the camera.
  @inline(__always)
  func moved(_ ray: SIMD3<Float>) -> SIMD3<Float>? {
    let point = motion.rotate(ray) + inverseDepth(ray) * motion.translation
    return point.z > 0.05 ? point : nil
  }

  /// The same as a pixel.
  @inline(__always)
  func pixel(of place: SIMD2<Float>, _ camera: GridCamera) -> SIMD2<Float>? {
    moved(camera.ray(place)).map(camera.pixel)
  }

  // MARK: equations

  /// What is assumed before anything was seen.
  func addPriors(to equations: inout LeastSquares<8>) {
    func add(_ unknown: Int, _ value: Float, _ sigma: Double) {
      var row = SIMD8<Double>.zero
      row[unknown] = 1
      equations.add(row, value: -Double(value), weight: 1 / (sigma * sigma))
    }
    for axis in 0..<3 { add(axis, turn[axis], Self.turnSigma[axis]) }
    for axis in 0..<2 { add(3 + axis, change[axis], Self.directionSigma[axis]) }
    for axis in 0..<2 { add(5 + axis, tilt[axis], Self.tiltSigma[axis]) }
    // Keeps the step finite when no match says anything about height.
    add(7, 0, 100)
    // The travel is told in the older frame's axes.
    let way = motion.translation / length
    let away = motion.rotate(normal)
    let row = SIMD8(
      0, 0, 0, Double((away * right).sum()), Double((away * down).sum()),
      Double((motion.rotate(pitchAxis) * way).sum()), Double((motion.rotate(rollAxis) * way).sum()), 0)
    equations.add(row, value: -Double((away * way).sum()), weight: 1 / (Self.slopeSigma * Self.slopeSigma))
  }

  /// How a place in the older image moves with each unknown.
  private struct Columns {
    var turn: (SIMD2<Float>, SIMD2<Float>, SIMD2<Float>)
    var change: (SIMD2<Float>, SIMD2<Float>)
    var tilt = (SIMD2<Float>.zero, SIMD2<Float>.zero)
    /// With the logarithm of the point's depth.
    var logDepth: SIMD2<Float>

    init(_ turned: SIMD3<Float>, weight: Float, _ plane: PlaneMotion, _ camera: GridCamera) {
      let t = plane.motion.translation
      let moved = turned + weight * t
      func image(_ change: SIMD3<Float>) -> SIMD2<Float> {
        let u = (change.x - moved.x / moved.z * change.z) / moved.z
        let v = (change.y - moved.y / moved.z * change.z) / moved.z
        return camera.focal * SIMD2(u, v)
      }
      turn = (
        image(cross(SIMD3(1, 0, 0), turned)), image(cross(SIMD3(0, 1, 0), turned)),
        image(cross(SIMD3(0, 0, 1), turned))
      )
      change = (
        image(weight * plane.length * plane.right), image(weight * plane.length * plane.down)
      )
      logDepth = image(-weight * t)
    }
  }

  /// Adds one place of the ground.
  /// - Parameters:
  ///   - residual: how much farther the older image shows it than predicted, pixels.
  ///   - information: inverse covariance of that.
  mutating func addGround(
    _ ray: SIMD3<Float>, residual: SIMD2<Float>, information: SIMD3<Float>, camera: GridCamera,
    to equations: inout LeastSquares<8>
  ) {
    let weight = inverseDepth(ray)
    var columns = Columns(motion.rotate(ray), weight: weight, self, camera)
    let tilted = expf(-logHeight) / weight
    columns.tilt = (
      -(pitchAxis * ray).sum() * tilted * columns.logDepth,
      -(rollAxis * ray).sum() * tilted * columns.logDepth
    )
    add(
      columns, last: columns.logDepth, residual: residual,
      told(information, along: columns.logDepth), to: &equations)
  }

  /// What a patch of the ground tells. An edge along the way of motion is found wherever it is looked for: of the way
  /// it tells nothing.
  private func told(_ information: SIMD3<Float>, along: SIMD2<Float>) -> SIMD3<Float> {
    let length = (along * along).sum()
    let xx = information.x * along.x + information.y * along.y
    let yy = information.y * along.x + information.z * along.y
    let share = (xx * along.x + yy * along.y) / max(1e-9, length * (information.x + information.z))
    return PatchPoint.information(
      information, withError: along * (share < Self.leastShareAlong ? Self.silent : Self.roughness))
  }

  /// Adds a match anywhere in the image: it tells of the motion, and of its own depth.
  /// - Parameter weight: one over its depth by the network and its scale, 1/m.
  mutating func addMatch(
    _ point: PatchPoint, weight: Float, camera: GridCamera, to equations: inout LeastSquares<8>
  ) {
    let turned = motion.rotate(camera.ray(point.place))
    let moved = turned + weight * motion.translation
    guard moved.z > 0.05 else { return }
    let columns = Columns(turned, weight: weight, self, camera)
    add(
      columns, last: .zero, residual: point.found - camera.pixel(moved),
      point.information(withDepthError: columns.logDepth * Self.depthSigma), to: &equations)
  }

  private func add(
    _ columns: Columns, last: SIMD2<Float>, residual: SIMD2<Float>, _ information: SIMD3<Float>,
    to equations: inout LeastSquares<8>
  ) {
    let (xx, xy, yy) = (information.x, information.y, information.z)
    guard xx > 0 else { return }
    let distance = residual.x * (xx * residual.x + 2 * xy * residual.y) + residual.y * yy * residual.y
    let trust = Double(1 / (1 + distance / Self.softness))
    // The 2x2 information as two independent rows (its Cholesky factor).
    let a = xx.squareRoot()
    let b = xy / a
    let c = max(0, yy - b * b).squareRoot()
    func row(_ f: (SIMD2<Float>) -> Float) -> SIMD8<Double> {
      SIMD8(
        Double(f(columns.turn.0)), Double(f(columns.turn.1)), Double(f(columns.turn.2)),
        Double(f(columns.change.0)), Double(f(columns.change.1)), Double(f(columns.tilt.0)),
        Double(f(columns.tilt.1)), Double(f(last)))
    }
    equations.add(row { a * $0.x + b * $0.y }, value: Double(a * residual.x + b * residual.y), weight: trust)
    equations.add(row { c * $0.y }, value: Double(c * residual.y), weight: trust)
  }

  /// Makes one step; false when the equations say nothing.
  mutating func step(_ equations: borrowing LeastSquares<8>) -> Bool {
    guard let (x, last) = equations.solve() else { return false }
    turn += SIMD3(Float(x[0]), Float(x[1]), Float(x[2]))
    change += SIMD2(Float(x[3]), Float(x[4]))
    tilt += SIMD2(Float(x[5]), Float(x[6]))
    logHeight += max(-0.3, min(0.3, Float(x[7])))
    variance = last
    motion = odometry.turned(by: turn)
    motion.translation = length * Self.normalized(direction + change.x * right + change.y * down)
    normal = Self.normalized(expectedNormal + tilt.x * pitchAxis + tilt.y * rollAxis)
    return logHeight.isFinite && normal.x.isFinite && motion.translation.x.isFinite
  }

  private static func normalized(_ v: SIMD3<Float>) -> SIMD3<Float> { v / (v * v).sum().squareRoot() }
}

extension PlaneMotion {
  /// How the place at which the older frame sees the plane along a ray moves with the logarithm of the height, pixels.
  func slope(_ ray: SIMD3<Float>, _ camera: GridCamera) -> SIMD2<Float> {
    let weight = inverseDepth(ray)
    let t = motion.translation
    let moved = motion.rotate(ray) + weight * t
    let change = -weight * t
    return camera.focal
      * SIMD2(change.x - moved.x / moved.z * change.z, change.y - moved.y / moved.z * change.z) / moved.z
  }
}
