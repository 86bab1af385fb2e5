/// Light and air of a world at one moment.
package struct Lighting: Sendable {
  /// Towards the sun (or the lamps indoors), unit length.
  package var sunDirection = Vector3(0.4, 0.35, 0.85).normalized
  package var sunColor = Vector3(1.0, 0.93, 0.82)
  package var skyZenith = Vector3(0.16, 0.32, 0.68)
  package var skyHorizon = Vector3(0.62, 0.72, 0.82)
  /// Light from all sides, above and below.
  package var ambientAbove = Vector3(0.34, 0.38, 0.44)
  package var ambientBelow = Vector3(0.16, 0.15, 0.13)
  /// 0 = blue sky, 1 = overcast.
  package var cloudCover: Float = 0.4
  package var cloudSeed: UInt32 = 1
  /// Extinction of the air, 1/m.
  package var hazePerMeter: Float = 0.002
  /// Spacing of ceiling lamps along x, metres; 0 = none.
  package var lampSpacing: Float = 0
  package var castsShadows = true

  package init() {}
}

/// A horizontal plane with one or two materials.
package struct FloorPlane: Sendable {
  package var material: Material
  /// Used where the lateral world position lies outside `innerLateral`.
  package var outerMaterial: Material
  package var innerLateral: ClosedRange<Float>

  package init(_ material: Material) {
    self.material = material
    self.outerMaterial = material
    self.innerLateral = -Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude
  }

  package init(inner: Material, lateral: ClosedRange<Float>, outer: Material) {
    self.material = inner
    self.outerMaterial = outer
    self.innerLateral = lateral
  }
}

/// Everything the renderer needs for one frame.
///
/// World axes, with the camera at the origin.
package struct Scene: Sendable {
  /// Numbers in the surface map: sky, floor, ceiling, then the primitives in order.
  static let skySurface: Int32 = -1
  static let floorSurface: Int32 = -2
  static let ceilingSurface: Int32 = -3

  package var primitives: [Primitive] = []
  /// Camera axes in world coordinates: image right, image down, optical axis.
  package var right = Vector3(0, -1, 0)
  package var down = Vector3(0, 0, -1)
  package var forward = Vector3(1, 0, 0)
  /// Floor height relative to the camera, metres (negative: below).
  package var floorHeight: Float = -1
  package var floor = FloorPlane(Material(.plain, Vector3(repeating: 0.3)))
  /// Ceiling height relative to the camera, metres; nil = open sky.
  package var ceilingHeight: Float?
  package var ceiling = Material(.plain, Vector3(repeating: 0.7))
  /// World position of the camera for patterns on floor and ceiling, metres (wrapped to keep precision).
  package var patternOrigin = SIMD2<Float>(0, 0)
  package var lighting = Lighting()

  package init() {}
}
