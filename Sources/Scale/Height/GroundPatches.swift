import Geometry
import Glibc
import Quantities

/// Places of the newer image that show the ground, spread over it.
struct GroundPatches {
  static let capacity = 96
  /// One place is taken from each such cell of the finest image, pixels.
  private static let cell = 12
  /// Ground is looked at as far ahead, and as far to each side, in camera heights: beside a road lie pavements that are
  /// higher, and show more.
  private static let farthestHeights: Float = 9
  private static let widestHeights: Float = 1.3
  /// How far the network's depth may lie off the plane that fits it, as a share.
  private static let tolerance: Float = 0.2
  /// Flatter windows say nothing, normalised units.
  private static let leastDeviation: Float = 0.016

  private(set) var places: [SIMD2<Float>] = []

  init() { places.reserveCapacity(Self.capacity) }

  /// - Parameters:
  ///   - image: finest level of the newer frame.
  ///   - surface: the ground as it fits the network's depth, network units.
  ///   - camera: of the finest level.
  mutating func select(
    _ image: LumaImage, depth: NetworkDepth, surface: FlatSurface, camera: GridCamera
  ) {
    places.removeAll(keepingCapacity: true)
    let normal = SIMD3(Float(surface.normal.x), Float(surface.normal.y), Float(surface.normal.z))
    let distance = Float(surface.distanceMeters)
    // From near to far: near ground moves most.
    for row in 0..<(image.height / Self.cell - 1) {
      let below = image.height - row * Self.cell - Self.cell / 2
      for left in stride(from: 0, through: image.width - Self.cell, by: Self.cell) {
        guard places.count < Self.capacity else { return }
        // A corner between pixels on every level of the pyramid.
        let place = SIMD2(Float((left + Self.cell / 2) / 4 * 4) + 3.5, Float(below / 4 * 4) - 0.5)
        let ray = camera.ray(place)
        let slope = (normal * ray).sum()
        guard slope * Self.farthestHeights > 1, abs(ray.x) < Self.widestHeights * slope,
          let inverse = depth.inverse(Int(place.x), Int(place.y)),
          abs(inverse * distance / slope - 1) < Self.tolerance,
          let window = PatchWindow(image, centre: place), window.deviation >= Self.leastDeviation
        else { continue }
        places.append(place)
      }
    }
  }
}
