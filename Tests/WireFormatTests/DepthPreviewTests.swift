import ImageBuffers
import Quantities
import Testing
import WireFormat

@Suite struct DepthPreviewTests {
  @Test func `the colour map has the published end colours`() {
    // The ends of the published table are (48, 18, 59) and (122, 4, 3); the polynomial is within a few steps.
    let cold = TurboColorMap.color(at: 0)
    let hot = TurboColorMap.color(at: 1)
    #expect(abs(Int(cold.x) - 48) < 16 && abs(Int(cold.y) - 18) < 16 && abs(Int(cold.z) - 59) < 40)
    #expect(abs(Int(hot.x) - 122) < 30 && abs(Int(hot.y) - 4) < 20 && abs(Int(hot.z) - 3) < 20)
    #expect(TurboColorMap.color(at: 5) == hot)
  }

  @Test func `a colour means a depth, within one percent of depth`() {
    let table = DepthColorTable(nearest: 0.5, farthest: 50)
    var depth: Float = 0.5
    while depth < 50 {
      let exact = TurboColorMap.color(at: 1 - logRatio(depth / 0.5) / logRatio(100))
      let found = table.color(of: depth)
      for channel in 0..<3 { #expect(abs(Int(exact[channel]) - Int(found[channel])) <= 4, "\(depth) m") }
      depth *= 1.013
    }
  }

  @Test func `unknown and out of range depths have colours of their own`() {
    let table = DepthColorTable(nearest: 0.5, farthest: 50)
    #expect(table.color(of: .nan) == SIMD3(0, 0, 0))
    #expect(table.color(of: 0) == SIMD3(0, 0, 0))
    #expect(table.color(of: -1) == SIMD3(0, 0, 0))
    #expect(table.color(of: .infinity) == SIMD3(40, 44, 60))
    #expect(table.color(of: 0.1) == table.color(of: 0.5))
    #expect(table.color(of: 1000) == table.color(of: 50))
  }

  @Test(arguments: [32, 128, 640])
  func `the preview holds the depth above a legend with numbers`(width: Int) {
    var preview = DepthPreview(
      depthSize: ImageSize(width: width, height: 10), nearest: 0.5, farthest: 50, unitLabel: "m")
    var depth = Plane<Float>(width: width, height: 10)
    depth.fill(2)
    preview.update(depth)
    #expect(preview.image.size == ImageSize(width: width, height: 30))
    let expected = preview.table.color(of: 2)
    let pixel = preview.image.bytes.baseAddress + 4 * preview.image.bytes.rowStride + 3 * 7
    #expect(SIMD3(pixel[0], pixel[1], pixel[2]) == expected)
    var white = 0
    for y in 20..<30 {
      let row = preview.image.bytes.row(y)
      for index in row.indices where row[index] == 255 { white += 1 }
    }
    #expect(white > 20)
  }

  private func logRatio(_ ratio: Float) -> Float {
    // ln by series of halvings, so that the test does not share the table's arithmetic.
    var value = ratio
    var sum: Float = 0
    while value > 1.5 {
      value /= 1.5
      sum += 0.405_465_1
    }
    let z = (value - 1) / (value + 1)
    return sum + 2 * (z + z * z * z / 3 + z * z * z * z * z / 5)
  }
}
