import ImageBuffers
import Quantities
import TestSupport
import Testing

struct PlaneTests {
  @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 641])
  func `every row starts on a 64-byte boundary`(width: Int) {
    let bytes = Plane<UInt8>(width: width, height: 3)
    let floats = Plane<Float>(width: width, height: 3)
    for y in 0..<3 {
      #expect(UInt(bitPattern: bytes.baseAddress + y * bytes.rowStride) % 64 == 0)
      #expect(UInt(bitPattern: floats.baseAddress + y * floats.rowStride) % 64 == 0)
    }
    #expect(bytes.rowStride >= width && floats.rowStride >= width)
  }

  @Test func `a new plane is zero everywhere, padding included`() {
    let plane = Plane<Float>(width: 5, height: 4)
    for index in 0..<(plane.rowStride * plane.height) { #expect(plane.baseAddress[index] == 0) }
  }

  @Test func `what is written to a row is read from that row and from no other`() {
    var plane = Plane<Int32>(width: 7, height: 5)
    for y in 0..<5 {
      var row = plane.mutableRow(y)
      for x in 0..<7 { row[x] = Int32(100 * y + x) }
    }
    for y in 0..<5 {
      let row = plane.row(y)
      #expect(row.count == 7)
      for x in 0..<7 { #expect(row[x] == Int32(100 * y + x)) }
    }
  }

  @Test func `fill reaches every pixel`() {
    var plane = Plane<UInt16>(width: 33, height: 3)
    plane.fill(512)
    for y in 0..<3 {
      let row = plane.row(y)
      for x in row.indices { #expect(row[x] == 512) }
    }
  }

  @Test func `copied pixels are equal and independent`() {
    var generator = SeededGenerator(seed: 2)
    var source = Plane<UInt8>(width: 19, height: 11)
    for y in 0..<11 {
      var row = source.mutableRow(y)
      for x in 0..<19 { row[x] = UInt8.random(in: 0...255, using: &generator) }
    }
    var copy = Plane<UInt8>(width: 19, height: 11)
    copy.copyPixels(from: source)
    for y in 0..<11 {
      let left = source.row(y)
      let right = copy.row(y)
      for x in 0..<19 { #expect(left[x] == right[x]) }
    }
    copy.fill(0)
    #expect(source.row(3).indices.contains { source.row(3)[$0] != 0 })
  }

  @Test func `a row outside the plane stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let plane = Plane<UInt8>(width: 4, height: 4)
      _ = plane.row(4).count
    }
  }

  @Test func `copying between planes of different size stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let source = Plane<UInt8>(width: 4, height: 4)
      var target = Plane<UInt8>(width: 5, height: 4)
      target.copyPixels(from: source)
    }
  }

  @Test func `an RGB image holds three bytes for each pixel`() {
    let image = RGBImage(size: ImageSize(width: 21, height: 2))
    #expect(image.bytes.width == 63)
    #expect(image.bytes.height == 2)
  }
}
