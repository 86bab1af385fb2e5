/// The primitives that can show in the image, nearest first, with their outlines.
struct VisibleSet {
  /// One primitive's place in the image.
  struct Bounds {
    var outline: ScreenRectangle
    /// Least depth along the optical axis, metres.
    var nearDepth: Float
  }

  /// Nothing nearer than this is drawn, metres along the optical axis.
  static let nearPlane: Float = 0.05

  private(set) var primitives: [Primitive] = []
  private(set) var bounds: [Bounds] = []
  /// All shadow casters, in or out of view.
  private(set) var casters: [Primitive] = []
  /// A ball about each caster: centre, and radius in the last lane.
  private(set) var casterBalls: [SIMD4<Float>] = []
  private var unsorted: [(index: Int, bounds: Bounds)] = []

  /// Keeps what lies in `view`, smaller than nothing else in the way.
  mutating func rebuild(from scene: Scene, view: ScreenRectangle, pixelSize: Float) {
    unsorted.removeAll(keepingCapacity: true)
    primitives.removeAll(keepingCapacity: true)
    bounds.removeAll(keepingCapacity: true)
    casters.removeAll(keepingCapacity: true)
    casterBalls.removeAll(keepingCapacity: true)
    for (index, primitive) in scene.primitives.enumerated() {
      if primitive.castsShadow, primitive.center.length < 80 + primitive.boundingRadius {
        casters.append(primitive)
        casterBalls.append(SIMD4(primitive.center, primitive.boundingRadius))
      }
      guard let found = Self.bounds(of: primitive, in: scene), found.outline.overlaps(view) else { continue }
      // Details thinner than a quarter pixel only make noise.
      guard primitive.boundingRadius > 0.25 * pixelSize * found.nearDepth else { continue }
      unsorted.append((index, found))
    }
    unsorted.sort { ($0.bounds.nearDepth, $0.index) < ($1.bounds.nearDepth, $1.index) }
    for entry in unsorted {
      primitives.append(scene.primitives[entry.index])
      bounds.append(entry.bounds)
    }
  }

  /// The outline of a primitive's oriented box, cut at the near plane; nil when all of it lies behind.
  private static func bounds(of primitive: Primitive, in scene: Scene) -> Bounds? {
    let (a, b, c) = primitive.boundingAxes
    var corners: (Vector3, Vector3, Vector3, Vector3, Vector3, Vector3, Vector3, Vector3)
    func toCamera(_ p: Vector3) -> Vector3 {
      Vector3(p.dot(scene.right), p.dot(scene.down), p.dot(scene.forward))
    }
    let middle = toCamera(primitive.center)
    let ca = toCamera(a)
    let cb = toCamera(b)
    let cc = toCamera(c)
    corners = (
      middle - ca - cb - cc, middle + ca - cb - cc, middle - ca + cb - cc, middle + ca + cb - cc,
      middle - ca - cb + cc, middle + ca - cb + cc, middle - ca + cb + cc, middle + ca + cb + cc
    )
    return withUnsafeBytes(of: &corners) { bytes in
      outline(ofBox: bytes.bindMemory(to: Vector3.self))
    }
  }

  private static func outline(ofBox corners: UnsafeBufferPointer<Vector3>) -> Bounds? {
    var outline = ScreenRectangle.empty
    var nearDepth = Float.infinity
    for index in 0..<8 {
      let p = corners[index]
      nearDepth = min(nearDepth, p.z)
      if p.z >= nearPlane { outline.include(p.x / p.z, p.y / p.z) }
      // Each edge joins corners that differ in one bit; cut those that cross the near plane.
      for bit in [1, 2, 4] where index & bit == 0 {
        let q = corners[index | bit]
        guard (p.z < nearPlane) != (q.z < nearPlane) else { continue }
        let cut = p + (q - p) * ((nearPlane - p.z) / (q.z - p.z))
        outline.include(cut.x / nearPlane, cut.y / nearPlane)
      }
    }
    guard outline.minX <= outline.maxX else { return nil }
    return Bounds(outline: outline.widened(by: 1e-4), nearDepth: max(nearDepth, 0))
  }
}
