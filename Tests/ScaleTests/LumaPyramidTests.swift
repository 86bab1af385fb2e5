import ImageBuffers
import Quantities
import Scale
import TestSupport
import Testing

struct LumaPyramidTests {
  private static let size = ImageSize(width: 37, height: 22)

  /// Three planes of noise.
  private static func planes(_ size: ImageSize, seed: UInt64) -> [Float] {
    var noise = SeededGenerator(seed: seed)
    return (0..<3 * size.pixelCount).map { _ in Float.random(in: 0..<1, using: &noise) }
  }

  private static func plane(_ value: (Int, Int) -> Float) -> Plane<Float> {
    var plane = Plane<Float>(width: size.width, height: size.height)
    for y in 0..<size.height {
      var row = plane.mutableRow(y)
      for x in 0..<size.width { row[x] = value(x, y) }
    }
    return plane
  }

  @Test(arguments: [1, 2])
  func `levels are means of the colours`(step: Int) {
    let size = ImageSize(width: Self.size.width * step, height: Self.size.height * step)
    let planes = Self.planes(size, seed: 1)
    var pyramid = LumaPyramid(size: Self.size)
    planes.withUnsafeBufferPointer { planes in
      guard let start = planes.baseAddress else { return }
      pyramid.fill(planes: start, size: size, step: step)
    }
    func grey(_ x: Int, _ y: Int) -> Float {
      let place = y * size.width + x
      let (red, green, blue) = (
        planes[place], planes[size.pixelCount + place], planes[2 * size.pixelCount + place]
      )
      return 0.25 * red + 0.5 * green + 0.25 * blue
    }
    let levels = pyramid.levels
    for (level, side) in [(levels.fine, step), (levels.middle, 2 * step), (levels.coarse, 4 * step)] {
      #expect(level.width == size.width / side && level.height == size.height / side)
      for y in 0..<level.height {
        for x in 0..<level.width {
          var sum: Float = 0
          for dy in 0..<side { for dx in 0..<side { sum += grey(x * side + dx, y * side + dy) } }
          #expect(abs(level.start[y * level.stride + x] - sum / Float(side * side)) < 1e-5)
        }
      }
    }
  }

  @Test func `eight places at once are eight single ones to the bit`() {
    var noise = SeededGenerator(seed: 2)
    let plane = Self.plane { _, _ in Float.random(in: 0..<1, using: &noise) }
    let image = LumaImage(plane)
    for round in 0..<200 {
      var (x, y) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
      for lane in 0..<8 {
        x[lane] = Float.random(in: 0..<1, using: &noise) * Float(image.width - 1)
        y[lane] = Float.random(in: 0..<1, using: &noise) * Float(image.height - 1)
        // On pixels too, where a place has no share of the next.
        if round % 4 == 0 { x[lane].round(.down) }
        if round % 3 == 0 { y[lane].round(.down) }
      }
      let seen = image.sample(x, y)
      for lane in 0..<8 { #expect(seen[lane] == image.sample(SIMD2(x[lane], y[lane]))) }
    }
    withExtendedLifetime(plane) {}
  }

  @Test func `eight places in a row begin at the first`() {
    let plane = Self.plane { x, y in Float(x) + 100 * Float(y) }
    let seen = LumaImage(plane).sampleEight(from: SIMD2(3.5, 2.25), step: SIMD2(0.75, 1.5))
    for lane in 0..<8 {
      let expected = 3.5 + 0.75 * Float(lane) + 100 * (2.25 + 1.5 * Float(lane))
      #expect(abs(seen[lane] - expected) < 1e-3)
    }
    withExtendedLifetime(plane) {}
  }
}
