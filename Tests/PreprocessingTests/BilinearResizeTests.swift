import ImageBuffers
import Preprocessing
import Testing

@Suite struct BilinearResizeTests {
  static func pattern(_ width: Int, _ height: Int) -> Plane<Float> {
    var plane = Plane<Float>(width: width, height: height)
    for y in 0..<height {
      var row = plane.mutableRow(y)
      for x in 0..<width { row[x] = Float((x * 7 + y * 13 + (x * y) % 17 * 5) % 256) }
    }
    return plane
  }

  @Test func `it gives the numbers of OpenCV's INTER_LINEAR`() {
    var output = Plane<Float>(width: 7, height: 20)
    BilinearResize.run(Self.pattern(13, 9), into: &output)
    for (x, y, expected) in [
      (0, 0, Float(3)), (3, 5, 126.925), (6, 10, 191.2464), (6, 19, 222.8571), (2, 13, 131.9571),
    ] {
      #expect(abs(output.row(y)[x] - expected) < 1e-3)
    }
  }

  @Test func `the same size is a copy, NaN and infinity included`() {
    var source = Self.pattern(8, 6)
    var third = source.mutableRow(3)
    third[2] = .nan
    third[5] = .infinity
    var output = Plane<Float>(width: 8, height: 6)
    BilinearResize.run(source, into: &output)
    for y in 0..<6 {
      let (a, b) = (source.row(y), output.row(y))
      for x in 0..<8 { #expect(a[x].bitPattern == b[x].bitPattern) }
    }
  }

  @Test func `unknown depth spreads to the pixels it touches and no further`() {
    var source = Plane<Float>(width: 4, height: 4)
    source.fill(2)
    var row = source.mutableRow(1)
    row[1] = .nan
    var output = Plane<Float>(width: 8, height: 8)
    BilinearResize.run(source, into: &output)
    for y in 0..<8 {
      let row = output.row(y)
      for x in 0..<8 {
        let touches = (1...4).contains(x) && (1...4).contains(y)
        #expect(row[x].isNaN == touches)
        if !touches { #expect(row[x] == 2) }
      }
    }
  }
}
