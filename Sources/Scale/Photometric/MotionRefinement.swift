import Glibc

/// Corrects the odometry's motion by what the matched patches say, together with the scale.
///
/// Wheels know how far, but not how the body pitched, and their heading lags: a quarter of a degree moves the
/// image as much as the travelled distance does. Unknowns are three small turns, two small changes of the
/// direction of travel, and the log scale; the length of the travel stays the odometry's. What the odometry
/// says enters as a prior.
struct MotionRefinement {
  private static let rounds = 6

  private(set) var motion: ViewMotion
  private(set) var logScale: Float
  /// Of `logScale`, as far as matches and motion go.
  private(set) var variance: Double = 0
  /// The turn added to the odometry's, radians about the camera's axes.
  private(set) var turn = SIMD3<Float>.zero
  /// Angle between the corrected and the odometry's direction of travel, radians.
  private(set) var directionChange: Float = 0

  /// Of the corrected direction, to the right of the odometry's and below it, radians.
  private(set) var change = SIMD2<Float>.zero

  /// - Returns: nil when the matches do not settle.
  init?(
    _ points: [PatchPoint], camera: GridCamera, odometry: ViewMotion, prior: MotionPrior, logScale: Float
  ) {
    motion = odometry
    self.logScale = logScale
    let length = (odometry.translation * odometry.translation).sum().squareRoot()
    guard length > 1e-6 else { return nil }
    let direction = odometry.translation / length
    let helper: SIMD3<Float> = abs(direction.y) < 0.9 ? SIMD3(0, 1, 0) : SIMD3(1, 0, 0)
    let right = Self.normalized(cross(helper, direction))
    let down = cross(direction, right)
    for _ in 0..<Self.rounds {
      var equations = NormalEquations()
      add(prior, to: &equations)
      let inverseScale = expf(-self.logScale)
      for point in points where point.isFound {
        add(point, camera, inverseScale: inverseScale, right * length, down * length, to: &equations)
      }
      guard let (x, lastVariance) = equations.solve() else { return nil }
      turn += SIMD3(Float(x[0]), Float(x[1]), Float(x[2]))
      change += SIMD2(Float(x[3]), Float(x[4]))
      self.logScale += max(-0.3, min(0.3, Float(x[5])))
      variance = lastVariance
      motion = odometry.turned(by: turn)
      motion.translation = length * Self.normalized(direction + change.x * right + change.y * down)
    }
    directionChange = (change * change).sum().squareRoot()
    guard self.logScale.isFinite, variance.isFinite else { return nil }
  }

  private func add(_ prior: MotionPrior, to equations: inout NormalEquations) {
    for axis in 0..<3 {
      var row = SIMD8<Double>.zero
      row[axis] = 1
      let sigma = prior.turnSigma[axis]
      equations.add(row, value: -Double(turn[axis]), weight: 1 / (sigma * sigma))
    }
    for axis in 0..<2 {
      var row = SIMD8<Double>.zero
      row[3 + axis] = 1
      equations.add(
        row, value: Double(prior.direction[axis] - change[axis]),
        weight: 1 / (prior.directionSigma * prior.directionSigma))
    }
    // Keeps the step finite when no match says anything about scale.
    equations.add(SIMD8(0, 0, 0, 0, 0, 1, 0, 0), value: 0, weight: 1e-4)
  }

  /// Adds the two equations of one match.
  private func add(
    _ point: PatchPoint, _ camera: GridCamera, inverseScale: Float, _ right: SIMD3<Float>,
    _ down: SIMD3<Float>, to equations: inout NormalEquations
  ) {
    let turned = motion.rotate(camera.ray(point.place))
    let weight = inverseScale * point.inverseDepth
    let moved = turned + weight * motion.translation
    guard moved.z > 0.05 else { return }
    let residual = point.found - camera.pixel(moved)
    func image(_ change: SIMD3<Float>) -> SIMD2<Float> {
      let u = (change.x - moved.x / moved.z * change.z) / moved.z
      let v = (change.y - moved.y / moved.z * change.z) / moved.z
      return camera.focal * SIMD2(u, v)
    }
    let columns = (
      image(cross(SIMD3(1, 0, 0), turned)), image(cross(SIMD3(0, 1, 0), turned)),
      image(cross(SIMD3(0, 0, 1), turned)), image(weight * right), image(weight * down),
      image(-weight * motion.translation)
    )
    // A match also misses by the network's own error, along the way the point moves with scale.
    let information = point.information(withDepthError: columns.5 * ScaleVote.depthSigma)
    let xx = information.x
    let xy = information.y
    let yy = information.z
    let distance = residual.x * (xx * residual.x + 2 * xy * residual.y) + residual.y * yy * residual.y
    // Cauchy: things that move by themselves lose their say.
    let trust = Double(1 / (1 + distance / 6))
    // The 2x2 information as two independent rows (its Cholesky factor).
    let a = xx.squareRoot()
    let b = xy / a
    let c = max(0, yy - b * b).squareRoot()
    func row(_ f: (SIMD2<Float>) -> Float) -> SIMD8<Double> {
      SIMD8(
        Double(f(columns.0)), Double(f(columns.1)), Double(f(columns.2)), Double(f(columns.3)),
        Double(f(columns.4)), Double(f(columns.5)), 0, 0)
    }
    equations.add(row { a * $0.x + b * $0.y }, value: Double(a * residual.x + b * residual.y), weight: trust)
    equations.add(row { c * $0.y }, value: Double(c * residual.y), weight: trust)
  }

  private static func normalized(_ v: SIMD3<Float>) -> SIMD3<Float> { v / (v * v).sum().squareRoot() }
}

extension PatchPoint {
  /// The inverse covariance of the match when the prediction itself errs by `deviation` pixels.
  @inline(__always)
  func information(withDepthError deviation: SIMD2<Float>) -> SIMD3<Float> {
    Self.information(information, withError: deviation)
  }

  /// The inverse of a covariance (xx, xy, yy) to which an error along `deviation` is added.
  @inline(__always)
  static func information(_ information: SIMD3<Float>, withError deviation: SIMD2<Float>) -> SIMD3<Float> {
    // Sherman-Morrison: (C + d d^T)^-1 = I - (I d)(I d)^T / (1 + d^T I d).
    let turned = SIMD2(
      information.x * deviation.x + information.y * deviation.y,
      information.y * deviation.x + information.z * deviation.y)
    let scale = 1 / (1 + (turned * deviation).sum())
    return SIMD3(
      information.x - scale * turned.x * turned.x, information.y - scale * turned.x * turned.y,
      information.z - scale * turned.y * turned.y)
  }
}
