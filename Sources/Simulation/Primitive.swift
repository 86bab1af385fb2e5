/// One solid of a world.
///
/// Axes: x forward, y left, z up (REP 103), metres.
package struct Primitive: Sendable {
  package enum Shape: Sendable {
    /// `extent` holds the half sizes; turned by the yaw.
    case box
    /// `extent` holds the radii; turned by the yaw.
    case ellipsoid
    /// `extent` is half the axis, from the middle to one end; round ends of `radius`.
    case capsule
    /// `extent` is half the axis; flat ends.
    case cylinder
  }

  package var shape: Shape
  package var center: Vector3
  package var extent: Vector3
  package var radius: Float
  package var yawCosine: Float = 1
  package var yawSine: Float = 0
  package var material: Material
  package var castsShadow = true

  private init(_ shape: Shape, center: Vector3, extent: Vector3, radius: Float, _ material: Material) {
    self.shape = shape
    self.center = center
    self.extent = extent
    self.radius = radius
    self.material = material
  }

  package static func box(center: Vector3, size: Vector3, yaw: Float = 0, _ material: Material) -> Primitive {
    var box = Primitive(.box, center: center, extent: size * 0.5, radius: 0, material)
    box.turn(by: yaw)
    return box
  }

  package static func ellipsoid(center: Vector3, radii: Vector3, _ material: Material) -> Primitive {
    Primitive(.ellipsoid, center: center, extent: radii, radius: 0, material)
  }

  package static func sphere(center: Vector3, radius: Float, _ material: Material) -> Primitive {
    ellipsoid(center: center, radii: Vector3(repeating: radius), material)
  }

  package static func capsule(
    from a: Vector3, to b: Vector3, radius: Float, _ material: Material
  ) -> Primitive {
    Primitive(.capsule, center: (a + b) * 0.5, extent: (b - a) * 0.5, radius: radius, material)
  }

  package static func cylinder(
    from a: Vector3, to b: Vector3, radius: Float, _ material: Material
  ) -> Primitive {
    Primitive(.cylinder, center: (a + b) * 0.5, extent: (b - a) * 0.5, radius: radius, material)
  }

  private mutating func turn(by yaw: Float) {
    let rotation = YawRotation(yaw)
    let cosine = yawCosine * rotation.cosine - yawSine * rotation.sine
    yawSine = yawSine * rotation.cosine + yawCosine * rotation.sine
    yawCosine = cosine
    if shape == .capsule || shape == .cylinder {
      extent = extent.yawed(cosine: rotation.cosine, sine: rotation.sine)
    }
  }

  /// The same solid as part of an object that stands at `position`, turned by `yaw`.
  package func placed(at position: Vector3, yaw: Float = 0) -> Primitive {
    var placed = self
    if yaw != 0 {
      let rotation = YawRotation(yaw)
      placed.center = center.yawed(cosine: rotation.cosine, sine: rotation.sine)
      placed.turn(by: yaw)
    }
    placed.center += position
    return placed
  }

  /// Radius of a sphere about the centre that holds the solid.
  var boundingRadius: Float {
    switch shape {
    case .box: extent.length
    case .ellipsoid: extent.max()
    case .capsule: extent.length + radius
    case .cylinder: (extent.dot(extent) + radius * radius).squareRoot()
    }
  }

  /// Half axes of an oriented box that holds the solid.
  var boundingAxes: (Vector3, Vector3, Vector3) {
    switch shape {
    case .box, .ellipsoid:
      return (
        Vector3(yawCosine, yawSine, 0) * extent.x, Vector3(-yawSine, yawCosine, 0) * extent.y,
        Vector3(0, 0, extent.z)
      )
    case .capsule, .cylinder:
      let halfLength = extent.length
      let axis = halfLength > 1e-6 ? extent / halfLength : Vector3(0, 0, 1)
      let helper = abs(axis.z) < 0.9 ? Vector3(0, 0, 1) : Vector3(1, 0, 0)
      let side = axis.cross(helper).normalized
      let reach = shape == .capsule ? halfLength + radius : halfLength
      return (axis * reach, side * radius, axis.cross(side) * radius)
    }
  }
}

/// Sine and cosine of a yaw angle, by a polynomial whose bits do not depend on the mathematics library.
struct YawRotation {
  let cosine: Float
  let sine: Float

  init(_ yaw: Float) {
    let angle = Double(yaw)
    sine = Float(SimulationMath.sine(angle))
    cosine = Float(SimulationMath.cosine(angle))
  }
}
