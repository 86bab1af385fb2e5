import Geometry
import Glibc
import Quantities

/// One comparison of two frames: the height above the plane on which the patches of the ground move as they do.
///
///     motion from matches all over the image -> search over height -> motion and plane together, coarse to fine
///     -> what each patch says by itself
struct HeightFit: ~Copyable {
  struct Outcome {
    var surface: FlatSurface
    /// Of the logarithm of the surface's distance.
    var variance: Double
    /// Patches that were compared, and the share of their weight that agrees on one plane.
    var patchCount: Int
    var agreement: Double
    /// Angle between the direction of travel that images show and the odometry's, radians.
    var directionChange: Double
  }

  /// Heights that are tried, as logarithms around the expected one.
  private static let searchReach: Float = 0.7
  private static let searchStep: Float = 0.1
  private static let motionRounds = 2
  private static let middleRounds = 2
  private static let fineRounds = 3
  /// A patch agrees when its own word is this close, of the logarithm.
  private static let agreementReach: Float = 0.15
  /// Of the ground under one patch, as a share of the camera's height.
  private static let roughness: Float = 0.03

  private let fine: GridCamera
  private let middle: GridCamera
  private var patches = GroundPatches()

  /// - Parameter intrinsics: of the finest level.
  init(intrinsics: CameraIntrinsics) {
    fine = GridCamera(intrinsics)
    middle = GridCamera(
      intrinsics.scaled(to: ImageSize(width: intrinsics.size.width / 2, height: intrinsics.size.height / 2)))
  }

  /// What the last comparison took, counted.
  private(set) var nominalNanoseconds = 0.0

  /// Places of the ground in the last comparison.
  var placeCount: Int { patches.places.count }

  /// - Parameters:
  ///   - matches: places of the newer frame found in the older one.
  ///   - ground: as it fits the network's depth, network units: where the ground is, not how far.
  ///   - metresPerUnit: of the network's depth, roughly: what is far helps to tell turns.
  ///   - expected: height to begin with, metres.
  ///   - searches: whether to look widely around it first.
  /// - Returns: nil when the images do not say.
  mutating func run(
    newer: LumaLevels, older: LumaLevels, depth: NetworkDepth, matches: [PatchPoint], odometry: ViewMotion,
    ground: FlatSurface, normal: SIMD3<Float>, metresPerUnit: Float, expected: Float,
    searches: Bool
  ) -> Outcome? {
    patches.select(newer.fine, depth: depth, surface: ground, camera: fine)
    nominalNanoseconds =
      Double(placeCount) * (LookPrice.groundWindow + (searches ? LookPrice.searchedWindow : 0))
    guard var plane = PlaneMotion(odometry: odometry, normal: normal, height: expected) else { return nil }
    for _ in 0..<Self.motionRounds {
      var equations = LeastSquares<8>()
      plane.addPriors(to: &equations)
      add(matches, metresPerUnit, &plane, to: &equations)
      guard plane.step(equations) else { return nil }
    }
    if searches { search(newer.middle, older.middle, &plane) }
    for round in 0..<(Self.middleRounds + Self.fineRounds) {
      let isFine = round >= Self.middleRounds
      var equations = LeastSquares<8>()
      plane.addPriors(to: &equations)
      add(matches, metresPerUnit, &plane, to: &equations)
      if isFine {
        addGround(newer.fine, older.fine, fine, step: 1, &plane, to: &equations)
      } else {
        addGround(newer.middle, older.middle, middle, step: 2, &plane, to: &equations)
      }
      guard plane.step(equations) else { return nil }
    }
    return judge(newer.fine, older.fine, plane)
  }

  private func add(
    _ matches: [PatchPoint], _ metresPerUnit: Float, _ plane: inout PlaneMotion,
    to equations: inout LeastSquares<8>
  ) {
    for point in matches where point.isFound {
      plane.addMatch(point, weight: point.inverseDepth / metresPerUnit, camera: fine, to: &equations)
    }
  }

  /// Chooses the height at which the patches look most alike.
  private func search(_ newer: LumaImage, _ older: LumaImage, _ plane: inout PlaneMotion) {
    let centre = plane.logHeight
    var best = (score: -Float.infinity, logHeight: centre)
    for trial in stride(
      from: centre - Self.searchReach, through: centre + Self.searchReach, by: Self.searchStep)
    {
      plane.logHeight = trial
      var score: Float = 0
      forEachPatch(newer, older, middle, step: 2, every: 2, plane) { _, comparison in
        score += max(0, comparison.correlation)
      }
      if score > best.score { best = (score, trial) }
    }
    plane.logHeight = best.logHeight
  }

  private func addGround(
    _ newer: LumaImage, _ older: LumaImage, _ camera: GridCamera, step: Float, _ plane: inout PlaneMotion,
    to equations: inout LeastSquares<8>
  ) {
    let current = plane
    forEachPatch(newer, older, camera, step: step, every: 1, current) { ray, comparison in
      plane.addGround(
        ray, residual: comparison.step, information: comparison.information, camera: camera, to: &equations)
    }
  }

  /// Compares patches where the plane predicts them; steps and information are given in the older image.
  /// - Parameter step: pixels of the finest image for one of these.
  private func forEachPatch(
    _ newer: LumaImage, _ older: LumaImage, _ camera: GridCamera, step: Float, every: Int,
    _ plane: PlaneMotion,
    _ body: (SIMD3<Float>, PatchWindow.Comparison) -> Void
  ) {
    for index in stride(from: 0, to: patches.places.count, by: every) {
      let centre = (patches.places[index] + 0.5) / step - 0.5
      guard let place = plane.pixel(of: centre, camera), let shape = shape(centre, camera, plane),
        let window = PatchWindow(newer, centre: centre),
        var comparison = window.compare(with: older, at: place, shape: shape)
      else { continue }
      let determinant = shape.x.x * shape.y.y - shape.y.x * shape.x.y
      guard abs(determinant) > 0.02 else { continue }
      // Of the older image's pixels: d = S s, I' = S^-T I S^-1.
      comparison.step = comparison.step.x * shape.x + comparison.step.y * shape.y
      let (a, b) = (shape.y.y / determinant, -shape.y.x / determinant)
      let (c, d) = (-shape.x.y / determinant, shape.x.x / determinant)
      let i = comparison.information
      comparison.information = SIMD3(
        a * a * i.x + 2 * a * c * i.y + c * c * i.z,
        a * b * i.x + (a * d + b * c) * i.y + c * d * i.z,
        b * b * i.x + 2 * b * d * i.y + d * d * i.z)
      body(camera.ray(centre), comparison)
    }
  }

  /// How a patch is squeezed on its way to the older frame: the columns of d(older)/d(newer).
  private func shape(
    _ centre: SIMD2<Float>, _ camera: GridCamera, _ plane: PlaneMotion
  ) -> (x: SIMD2<Float>, y: SIMD2<Float>)? {
    let reach: Float = 2
    guard let right = plane.pixel(of: centre + SIMD2(reach, 0), camera),
      let left = plane.pixel(of: centre - SIMD2(reach, 0), camera),
      let below = plane.pixel(of: centre + SIMD2(0, reach), camera),
      let above = plane.pixel(of: centre - SIMD2(0, reach), camera)
    else { return nil }
    return ((right - left) / (2 * reach), (below - above) / (2 * reach))
  }

  /// Asks every patch how far from the common height it would be by itself.
  private func judge(_ newer: LumaImage, _ older: LumaImage, _ plane: PlaneMotion) -> Outcome? {
    var found = 0
    var (all, near, squares) = (Float(0), Float(0), Float(0))
    forEachPatch(newer, older, fine, step: 1, every: 1, plane) { ray, comparison in
      let along = plane.slope(ray, fine)
      let i = comparison.information
      let turned = SIMD2(i.x * along.x + i.y * along.y, i.y * along.x + i.z * along.y)
      let weight = (turned * along).sum()
      found += 1
      guard weight > 0 else { return }
      // Beyond what the ground's roughness leaves, texture adds nothing.
      let worth = 1 / (1 / weight + Self.roughness * Self.roughness)
      all += worth
      let offset = (turned * comparison.step).sum() / weight
      if abs(offset) < Self.agreementReach { near += worth }
      squares += worth * min(9, offset * offset * worth)
    }
    guard all > 0 else { return nil }
    let normal = SIMD3(Double(plane.normal.x), Double(plane.normal.y), Double(plane.normal.z))
    return Outcome(
      surface: FlatSurface(normal: normal, distanceMeters: Double(expf(plane.logHeight))),
      // Patches that differ by more than they say of themselves know less together, too.
      variance: plane.variance * Double(max(1, squares / all)), patchCount: found,
      agreement: Double(near / all),
      directionChange: Double(plane.directionChange))
  }
}
