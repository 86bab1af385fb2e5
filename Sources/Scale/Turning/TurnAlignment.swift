import Glibc

/// Finds the small turn, and the step on the floor, with which a frame explains the frame before it.
///
/// Gauss-Newton on the image difference at one level of a pyramid. Unknowns: the turn about the camera's axes, the way
/// ahead and to the side in units of the network's depth, and a change of brightness. Without the way, near things on
/// one side of the road would look like a turn, and so would a camera that looks aside.
struct TurnAlignment {
  /// Radians about the camera's axes, older from newer.
  var turn = SIMD3<Float>.zero
  /// Along `forward` and `sideways`, in the unit of the depth.
  var way = SIMD2<Float>.zero
  var brightness: Float = 0
  /// Two directions along the floor, in the camera's axes.
  let forward: SIMD3<Float>
  let sideways: SIMD3<Float>
  /// Pixels of the last round, and their mean absolute difference.
  private(set) var count = 0
  private(set) var difference: Float = 0

  /// Differences beyond this count less (Huber), in deviations of the image.
  private static let huber: Float = 0.15
  /// Flatter places say nothing, per pixel.
  private static let leastSlope: Float = 0.02
  /// Pixels that are looked at, about.
  private static let wanted = 500
  /// How much less a pixel counts the more its difference depends on depth, per deviation of the image.
  private static let depthDoubt: Float = 15

  init(forward: SIMD3<Float>, sideways: SIMD3<Float>) {
    self.forward = forward
    self.sideways = sideways
  }

  /// Improves the estimate at one level.
  /// - Returns: false when the images do not say.
  mutating func refine(
    newer: LumaImage, older: LumaImage, depth: NetworkDepth, camera: GridCamera, rounds: Int
  ) -> Bool {
    let step = max(1, Int((Double(newer.width * newer.height) / Double(Self.wanted)).squareRoot()))
    for _ in 0..<rounds {
      var equations = NormalEquations()
      for unknown in 0..<6 {
        var row = SIMD8<Double>.zero
        row[unknown] = 1
        equations.add(row, value: 0, weight: 1e-3)
      }
      gather(newer, older, depth, camera, step: step, into: &equations)
      guard count >= Self.wanted / 10, let (x, _) = equations.solve() else { return false }
      turn += SIMD3(Float(x[0]), Float(x[1]), Float(x[2]))
      way += SIMD2(Float(x[3]), Float(x[4]))
      brightness += Float(x[5])
    }
    return turn.x.isFinite && turn.y.isFinite && turn.z.isFinite && way.x.isFinite && way.y.isFinite
  }

  private mutating func gather(
    _ newer: LumaImage, _ older: LumaImage, _ depth: NetworkDepth, _ camera: GridCamera, step: Int,
    into equations: inout NormalEquations
  ) {
    count = 0
    difference = 0
    let motion = ViewMotion().turned(by: turn)
    let moving = way.x * forward + way.y * sideways
    for y in stride(from: 1, to: newer.height - 1, by: step) {
      let row = newer.start + y * newer.stride
      for x in stride(from: 1, to: newer.width - 1, by: step) {
        let slope = SIMD2(
          0.5 * (row[x + 1] - row[x - 1]), 0.5 * (row[x + newer.stride] - row[x - newer.stride]))
        guard abs(slope.x) + abs(slope.y) >= Self.leastSlope, let inverse = depth.inverse(x, y) else {
          continue
        }
        let turned = motion.rotate(camera.ray(SIMD2(Float(x), Float(y))))
        let moved = turned + inverse * moving
        guard moved.z > 0.05 else { continue }
        let place = camera.pixel(moved)
        guard older.contains(place, margin: 0) else { continue }
        let error = older.sample(place) - row[x] - brightness
        count += 1
        difference += abs(error)
        add(error, slope, turned, moved, inverse, moving, camera, to: &equations)
      }
    }
    difference /= Float(max(1, count))
  }

  /// Adds the equation of one pixel: what its difference changes by with each unknown.
  @inline(__always)
  private func add(
    _ error: Float, _ slope: SIMD2<Float>, _ turned: SIMD3<Float>, _ moved: SIMD3<Float>,
    _ inverse: Float, _ moving: SIMD3<Float>, _ camera: GridCamera, to equations: inout NormalEquations
  ) {
    let scaled = slope * camera.focal / moved.z
    let across = SIMD3(scaled.x, scaled.y, -(scaled.x * moved.x + scaled.y * moved.y) / moved.z)
    func change(_ v: SIMD3<Float>) -> Double { Double((across * v).sum()) }
    let row = SIMD8(
      change(SIMD3(0, -turned.z, turned.y)), change(SIMD3(turned.z, 0, -turned.x)),
      change(SIMD3(-turned.y, turned.x, 0)), change(inverse * forward),
      change(inverse * sideways), -1, 0, 0)
    // The network's depth errs, so what moves by its nearness says less of the turn than what is far away.
    let doubt = Float(change(inverse * moving)) * Self.depthDoubt
    let weight = min(1, Self.huber / max(abs(error), 1e-6)) / (1 + doubt * doubt)
    equations.add(row, value: -Double(error), weight: Double(weight))
  }
}
