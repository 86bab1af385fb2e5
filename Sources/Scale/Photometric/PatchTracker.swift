/// Finds the patches of the newer frame in the older one, starting where a depth scale predicts them.
///
/// - Source: Lucas and Kanade 1981, inverse compositional form (Baker and Matthews 2004), with the patch's
///   mean and contrast taken out, so that exposure may change.
struct PatchTracker {
  /// Half the side of a patch, pixels.
  private static let radius = 4
  /// Two searches from different starts must end within this squared distance, in deviations of the match.
  private static let largestDisagreement: Float = 4
  /// A match is kept when the correlation of the two patches is at least this.
  private static let leastCorrelation: Float = 0.8
  /// Deviation of one pixel's grey value that is noise, normalised units.
  private static let noise: Float = 0.03
  /// What that noise adds to the moments of 64 central differences, each of half a difference of two pixels.
  private static let gradientNoise: Float = 32 * noise * noise
  /// Deviation of a match that texture cannot lower: interpolation, patch shape, pixels.
  private static let placeNoise: Float = 0.06

  /// Every patch is looked for twice, from different starts: one that is found where it was looked for tells
  /// nothing, however well it matches.
  enum Pass {
    case first
    /// From the second start: so much farther along its way, as a share of the way that translation makes.
    case again(Float)
  }

  /// The second start lies at most so far from the prediction, pixels.
  private static let largestStep: Float = 1.5

  let camera: GridCamera
  /// The rows of a patch: the deviations from its mean, and its gradients.
  private var values = InlineArray<8, SIMD8<Float>>(repeating: .zero)
  private var gradientsX = InlineArray<8, SIMD8<Float>>(repeating: .zero)
  private var gradientsY = InlineArray<8, SIMD8<Float>>(repeating: .zero)

  init(camera: GridCamera) { self.camera = camera }

  /// Where a point of the newer frame is seen in the older one.
  /// - Parameter inverseScale: network units per metre.
  @inline(__always)
  func predict(_ place: SIMD2<Float>, _ inverseDepth: Float, _ motion: ViewMotion, inverseScale: Float)
    -> SIMD2<Float>?
  {
    let point = motion.rotate(camera.ray(place)) + (inverseScale * inverseDepth) * motion.translation
    return point.z > 0.05 ? camera.pixel(point) : nil
  }

  /// Fills in `found` and what belongs to it.
  mutating func track(
    _ point: inout PatchPoint, from target: LumaLevels, to source: LumaLevels,
    motion: ViewMotion, inverseScale: Float, pass: Pass
  ) {
    let before = point
    point.isFound = false
    guard
      var place = predict(point.place, point.inverseDepth, motion, inverseScale: inverseScale),
      let shape = shape(of: point, motion, inverseScale: inverseScale)
    else { return }
    let predicted = place
    switch pass {
    case .again(let share):
      // Along the way that the point goes with the translation.
      let way = place - camera.pixel(motion.rotate(camera.ray(point.place)))
      let length = (way * way).sum().squareRoot()
      place += way * (share * min(1, Self.largestStep / max(1e-6, abs(share) * length)))
    case .first:
      let start = 0.5 * (place + 0.5) - 0.5
      let centre = 0.5 * (point.place + 0.5) - 0.5
      guard let match = align(centre: centre, in: target.middle, start: start, in: source.middle, shape)
      else { return }
      place = 2 * (match.place + 0.5) - 0.5
    }
    guard
      let result = align(centre: point.place, in: target.fine, start: place, in: source.fine, shape),
      result.correlation >= Self.leastCorrelation
    else { return }
    place = result.place
    let moved = place - predicted
    let expected = predicted - point.place
    guard (moved * moved).sum() < 16 + 0.5 * (expected * expected).sum() else { return }
    point.found = place
    point.information = result.information
    let change = place - before.found
    point.isFound =
      switch pass {
      case .first: true
      case .again: before.isFound && point.distance(change, change) < Self.largestDisagreement
      }
  }

  /// How the patch is squeezed on its way to the older frame: the columns of d(source)/d(target).
  private func shape(
    of point: PatchPoint, _ motion: ViewMotion, inverseScale: Float
  ) -> (x: SIMD2<Float>, y: SIMD2<Float>)? {
    let reach: Float = 2
    let alongX = SIMD2<Float>(reach, 0)
    let alongY = SIMD2<Float>(0, reach)
    let slopeX = point.inverseDepthSlope.x * reach
    let slopeY = point.inverseDepthSlope.y * reach
    let w = point.inverseDepth
    guard
      let right = predict(point.place + alongX, w + slopeX, motion, inverseScale: inverseScale),
      let left = predict(point.place - alongX, w - slopeX, motion, inverseScale: inverseScale),
      let below = predict(point.place + alongY, w + slopeY, motion, inverseScale: inverseScale),
      let above = predict(point.place - alongY, w - slopeY, motion, inverseScale: inverseScale)
    else { return nil }
    return ((right - left) / (2 * reach), (below - above) / (2 * reach))
  }

  private struct Match {
    var place: SIMD2<Float>
    var correlation: Float
    var information: SIMD3<Float>
  }

  /// Moves one patch until it fits.
  private mutating func align(
    centre: SIMD2<Float>, in target: LumaImage, start: SIMD2<Float>, in source: LumaImage,
    _ shape: (x: SIMD2<Float>, y: SIMD2<Float>)
  ) -> Match? {
    guard target.contains(centre, margin: 5) else { return nil }
    let patch = takePatch(target, centre)
    guard patch.deviation > Self.noise else { return nil }
    // A little of the identity keeps a patch with one edge from sliding along it.
    let xx = patch.moments.x + 0.02
    let yy = patch.moments.z + 0.02
    let xy = patch.moments.y
    let determinant = xx * yy - xy * xy
    var place = start
    var error: Float = 0
    var deviation: Float = 0
    for _ in 0..<8 {
      guard source.containsPatch(at: place, shape: shape, margin: 6) else { return nil }
      let step = compare(source, place, shape, patch.deviation, error: &error, deviation: &deviation)
      let dx = (yy * step.x - xy * step.y) / determinant
      let dy = (xx * step.y - xy * step.x) / determinant
      place -= dx * shape.x + dy * shape.y
      if dx * dx + dy * dy < 4e-4 { break }
      guard dx * dx + dy * dy < 16 else { return nil }
    }
    guard place.x.isFinite, place.y.isFinite, deviation > 0 else { return nil }
    let variance = max(error / 64, Self.noise * Self.noise)
    return Match(
      place: place, correlation: 1 - 0.5 * error / (64 * patch.deviation * patch.deviation),
      information: Self.information(patch.moments, variance: variance))
  }

  /// The inverse of the match's covariance, from the second moments G of the patch's gradients:
  /// variance G^-1, and the place noise.
  ///
  /// Noise makes gradients too, and along a straight edge there are no others. They are taken off first: else a
  /// match that could slide anywhere along its edge would count for the place where it was looked for.
  static func information(_ moments: SIMD3<Float>, variance: Float) -> SIMD3<Float> {
    let mean = 0.5 * (moments.x + moments.z)
    let difference = 0.5 * (moments.x - moments.z)
    let spread = (difference * difference + moments.y * moments.y).squareRoot()
    func worth(_ eigenvalue: Float) -> Float {
      // Neighbouring pixels' errors belong together: as if there were half as many.
      let texture = 0.5 * max(0, eigenvalue - gradientNoise) / variance + 1e-4
      return 1 / (1 / texture + placeNoise * placeNoise)
    }
    let strong = worth(mean + spread)
    let weak = worth(mean - spread)
    let middle = 0.5 * (strong + weak)
    // Other eigenvalues, the same eigenvectors.
    let stretch = 0.5 * (strong - weak) / max(spread, 1e-9)
    return SIMD3(middle + stretch * difference, stretch * moments.y, middle - stretch * difference)
  }

  /// Reads the 8x8 pixels around a place; returns their deviation and the second moments of their gradients, as
  /// far as these differ from a change of brightness or contrast: a plain slope of grey looks the same
  /// wherever it is compared.
  private mutating func takePatch(
    _ image: LumaImage, _ centre: SIMD2<Float>
  ) -> (moments: SIMD3<Float>, deviation: Float) {
    var moments = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
    // Of value, its square, and both gradients alone and times the value.
    var sums = SIMD8<Float>.zero
    var squareSums = SIMD8<Float>.zero
    var gradients = (SIMD8<Float>.zero, SIMD8<Float>.zero)
    var products = (SIMD8<Float>.zero, SIMD8<Float>.zero)
    // The centre is a corner between pixels: nothing to interpolate.
    let start =
      image.start + (Int(centre.y) - Self.radius + 1) * image.stride + Int(centre.x) - Self.radius + 1
    for row in 0..<8 {
      let pixels = start + row * image.stride
      let value = LumaImage.eight(pixels)
      let gx = 0.5 * (LumaImage.eight(pixels + 1) - LumaImage.eight(pixels - 1))
      let gy = 0.5 * (LumaImage.eight(pixels + image.stride) - LumaImage.eight(pixels - image.stride))
      values[row] = value
      gradientsX[row] = gx
      gradientsY[row] = gy
      moments.0 += gx * gx
      moments.1 += gx * gy
      moments.2 += gy * gy
      sums += value
      squareSums += value * value
      gradients.0 += gx
      gradients.1 += gy
      products.0 += value * gx
      products.1 += value * gy
    }
    let mean = sums.sum() / 64
    for row in 0..<8 { values[row] -= mean }
    let squares = max(1e-9, squareSums.sum() - 64 * mean * mean)
    let gradient = SIMD2(gradients.0.sum(), gradients.1.sum())
    let along = (SIMD2(products.0.sum(), products.1.sum()) - mean * gradient) / squares.squareRoot()
    let shift = gradient / 8
    var total = SIMD3(moments.0.sum(), moments.1.sum(), moments.2.sum())
    total -= SIMD3(shift.x * shift.x, shift.x * shift.y, shift.y * shift.y)
    total -= SIMD3(along.x * along.x, along.x * along.y, along.y * along.y)
    return (total, (squares / 64).squareRoot())
  }

  /// One comparison: the gradients' products with the difference, and its square sum.
  private mutating func compare(
    _ image: LumaImage, _ place: SIMD2<Float>, _ shape: (x: SIMD2<Float>, y: SIMD2<Float>),
    _ targetDeviation: Float, error: inout Float, deviation: inout Float
  ) -> SIMD2<Float> {
    let half = Float(Self.radius) - 0.5
    var seen = InlineArray<8, SIMD8<Float>>(repeating: .zero)
    var sums = SIMD8<Float>.zero
    var squares = SIMD8<Float>.zero
    for row in 0..<8 {
      let start = place + (Float(row) - half) * shape.y - half * shape.x
      let value = image.sampleEight(from: start, step: shape.x)
      seen[row] = value
      sums += value
      squares += value * value
    }
    let mean = sums.sum() / 64
    deviation = max(0, squares.sum() / 64 - mean * mean).squareRoot()
    let gain = min(2, max(0.5, targetDeviation / max(deviation, 1e-4)))
    var errors = SIMD8<Float>.zero
    var steps = (SIMD8<Float>.zero, SIMD8<Float>.zero)
    for row in 0..<8 {
      let difference = gain * (seen[row] - mean) - values[row]
      errors += difference * difference
      steps.0 += difference * gradientsX[row]
      steps.1 += difference * gradientsY[row]
    }
    error = errors.sum()
    return SIMD2(steps.0.sum(), steps.1.sum())
  }
}
