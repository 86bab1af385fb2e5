import Geometry
import ImageBuffers
import Quantities
import Testing
import WireFormat

@Suite struct PixelEncodingTests {
  /// The rule of REP 118 and docs/wire.md, written the slow way.
  private func naiveMillimeters(_ depth: Float) -> (value: UInt16, clamped: Bool) {
    guard depth.isFinite else { return (0, false) }
    guard depth >= 0.001, depth <= 65.534 else { return (0, true) }
    return (UInt16((depth * 1000 + 0.5).rounded(.down)), false)
  }

  private static let edges: [Float] = [
    .nan, .infinity, -.infinity, 0, -1, 0.000_9, 0.001, 0.001_4, 0.001_5, 0.0625, 1, 1.000_5, 65.533, 65.534,
    65.534_5, 65.536, 100, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0,
  ]

  @Test(arguments: [1, 2, 7, 8, 9, 16, 37, 64])
  func `millimetres follow the rule at every width`(width: Int) {
    var plane = Plane<Float>(width: width, height: 11)
    var generator = SystemRandomNumberGenerator()
    for y in 0..<11 {
      for x in 0..<width {
        let edge = Self.edges[(y * width + x) % Self.edges.count]
        plane.baseAddress[y * plane.rowStride + x] =
          (x + y) % 2 == 0 ? edge : Float.random(in: 0...80, using: &generator)
      }
    }
    var payload = ByteWriter()
    let clamped = MillimeterEncoding.encode(plane, into: &payload)
    #expect(payload.count == width * 11 * 2)
    var expectedClamped = 0
    for y in 0..<11 {
      for x in 0..<width {
        let depth = plane.baseAddress[y * plane.rowStride + x]
        let expected = naiveMillimeters(depth)
        if expected.clamped { expectedClamped += 1 }
        let found = payload.bytes.loadUnaligned(fromByteOffset: (y * width + x) * 2, as: UInt16.self)
        #expect(found == expected.value, "\(depth) m at \(x), \(y)")
      }
    }
    #expect(clamped == expectedClamped)
    plane.fill(1)
    #expect(MillimeterEncoding.encode(plane, into: &payload) == 0)
  }

  @Test func `planes are packed without row padding`() {
    let plane = Plane<Float>(width: 3, height: 2)
    for y in 0..<2 {
      for x in 0..<3 { plane.baseAddress[y * plane.rowStride + x] = Float(10 * y + x) }
    }
    var payload = ByteWriter()
    PlaneEncoding.encode(plane, into: &payload)
    let floats = payload.bytes.assumingMemoryBound(to: Float.self)
    #expect(Array(floats) == [0, 1, 2, 10, 11, 12])
  }

  @Test func `confidence becomes a byte and NaN becomes distrust`() {
    let plane = Plane<Float>(width: 6, height: 1)
    for (x, value) in ([0, 1, 0.5, .nan, -3, 7] as [Float]).enumerated() { plane.baseAddress[x] = value }
    var payload = ByteWriter()
    PlaneEncoding.encodeConfidence(plane, into: &payload)
    #expect(Array(payload.bytes) == [0, 255, 128, 0, 0, 255])
  }

  @Test func `points project back to their own pixels`() throws {
    let size = ImageSize(width: 13, height: 5)
    let intrinsics = CameraIntrinsics(fx: 11, fy: 12, cx: 5.75, cy: 2.25, size: size)
    let depth = Plane<Float>(width: size.width, height: size.height)
    var image = RGBImage(size: size)
    image.bytes.fill(0x40)
    image.bytes.baseAddress[0] = 0x12
    for y in 0..<size.height {
      for x in 0..<size.width { depth.baseAddress[y * depth.rowStride + x] = Float(x + y + 1) * 0.5 }
    }
    depth.baseAddress[3] = .nan
    depth.baseAddress[4] = .infinity
    var xyz = ByteWriter()
    var xyzrgb = ByteWriter()
    PointCloudEncoding.encodeXYZ(depth, intrinsics: intrinsics, into: &xyz)
    PointCloudEncoding.encodeXYZRGB(depth, image: image, intrinsics: intrinsics, into: &xyzrgb)
    #expect(xyz.count == size.pixelCount * 16)
    #expect(xyzrgb.count == size.pixelCount * 32)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let index = y * size.width + x
        let point = xyz.bytes.load(fromByteOffset: index * 16, as: SIMD4<Float>.self)
        let colored = xyzrgb.bytes.load(fromByteOffset: index * 32, as: SIMD4<Float>.self)
        if y == 0 && (x == 3 || x == 4) {
          #expect(point.x.isNaN && point.y.isNaN && point.z.isNaN && colored.z.isNaN)
          continue
        }
        #expect(point == colored)
        let back = intrinsics.project(x: Double(point.x / point.z), y: Double(point.y / point.z))
        #expect(abs(back.u - Double(x)) < 1e-4 && abs(back.v - Double(y)) < 1e-4)
        #expect(point.z == depth.baseAddress[y * depth.rowStride + x])
      }
    }
    #expect(xyzrgb.bytes.load(fromByteOffset: 16, as: UInt32.self) == 0x0012_4040)
  }
}
