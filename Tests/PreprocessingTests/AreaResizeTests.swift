import ImageBuffers
import Preprocessing
import Quantities
import Testing

@Suite struct AreaResizeTests {
  struct Golden: Sendable {
    let source: ImageSize
    let target: ImageSize
    let values: [Float]
  }

  static let golden = [
    Golden(
      source: ImageSize(width: 64, height: 48), target: ImageSize(width: 20, height: 15),
      values: [28.8281, 86.8281, 198.0391, 50.0625, 101.5859, 152.8516, 46.8828]),
    Golden(
      source: ImageSize(width: 64, height: 48), target: ImageSize(width: 26, height: 8),
      values: [47.7344, 105.7344, 181.3229, 96.1615, 86.2865, 128.7031, 130.0677]),
    Golden(
      source: ImageSize(width: 30, height: 20), target: ImageSize(width: 30, height: 20),
      values: [0, 58, 78, 49, 31, 20, 247]),
  ]

  @Test(arguments: golden) func `shrinking gives the numbers of OpenCV's INTER_AREA`(_ golden: Golden) {
    let (w, h) = (golden.target.width, golden.target.height)
    let planes = resized(patternImage(golden.source.width, golden.source.height), to: golden.target)
    let found = [
      planes[0, 0, 0], planes[0, 0, 2], planes[3, 1, 1], planes[w / 2, h / 2, 0],
      planes[w - 1, h - 1, 2], planes[0, h - 1, 1], planes[w - 2, 2, 0],
    ]
    for (value, expected) in zip(found, golden.values) { #expect(abs(value - expected) < 2e-3) }
  }

  @Test func `growing gives the numbers of OpenCV's INTER_LINEAR`() {
    let planes = resized(patternImage(13, 9), to: ImageSize(width: 40, height: 25))
    let found = [
      planes[0, 0, 0], planes[5, 0, 2], planes[11, 7, 1], planes[20, 12, 0], planes[39, 24, 2],
      planes[1, 23, 1],
    ]
    let expected: [Float] = [0, 67.0125, 115.875, 133.3875, 45, 132.48]
    for (value, expected) in zip(found, expected) { #expect(abs(value - expected) < 2e-3) }
  }

  @Test(arguments: [(17, 11), (1, 1), (40, 3), (64, 48), (63, 47), (100, 7), (3, 90)])
  func `a constant image stays constant at any size`(_ width: Int, _ height: Int) {
    let image = makeImage(ImageSize(width: 64, height: 48)) { _, _, c in UInt8(60 + 70 * c) }
    let planes = resized(image, to: ImageSize(width: width, height: height))
    for (index, value) in planes.values.enumerated() {
      let channel = index / (width * height)
      #expect(abs(value - Float(60 + 70 * channel)) < 1e-3)
    }
  }

  @Test(arguments: [(17, 11), (64, 48), (5, 48), (32, 24)])
  func `shrinking keeps the mean of the image`(_ width: Int, _ height: Int) {
    let image = patternImage(64, 48)
    let planes = resized(image, to: ImageSize(width: width, height: height))
    for channel in 0..<3 {
      let mean = naiveAreaMean(image, left: 0, top: 0, right: 64, bottom: 48, channel: channel)
      let part = planes.values[(channel * width * height)..<((channel + 1) * width * height)]
      let found = part.reduce(0.0) { $0 + Double($1) } / Double(width * height)
      #expect(abs(found - mean) < 1e-3)
    }
  }

  @Test func `a window with edges inside pixels agrees with the naive twin`() {
    let image = patternImage(50, 40)
    let window = ImageWindow(x: 3.3, y: 7.75, width: 41.4, height: 21.6)
    let size = ImageSize(width: 23, height: 12)
    let planes = resized(image, window: window, to: size)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let left = window.x + Double(x) * window.width / 23
        let top = window.y + Double(y) * window.height / 12
        for channel in 0..<3 {
          let expected = naiveAreaMean(
            image, left: left, top: top, right: left + window.width / 23, bottom: top + window.height / 12,
            channel: channel)
          #expect(abs(Double(planes[x, y, channel]) - expected) < 1e-3)
        }
      }
    }
  }

  @Test func `the 8-bit result is the rounded float result`() {
    let image = patternImage(64, 48)
    let size = ImageSize(width: 25, height: 17)
    let planes = resized(image, to: size)
    let resize = AreaResize(sourceSize: image.size, size: size)
    var rowBuffer = resize.makeRowBuffer()
    var output = RGBImage(size: size)
    resize.run(image, rowBuffer: &rowBuffer, into: &output)
    for y in 0..<size.height {
      let row = output.bytes.row(y)
      for x in 0..<size.width {
        for c in 0..<3 { #expect(abs(Float(row[3 * x + c]) - planes[x, y, c]) <= 0.5001) }
      }
    }
  }

  @Test func `white stays white and black stays black in 8 bits`() {
    for level: UInt8 in [0, 255] {
      let image = makeImage(ImageSize(width: 61, height: 47)) { _, _, _ in level }
      let resize = AreaResize(sourceSize: image.size, size: ImageSize(width: 19, height: 83))
      var rowBuffer = resize.makeRowBuffer()
      var output = RGBImage(size: resize.size)
      resize.run(image, rowBuffer: &rowBuffer, into: &output)
      for y in 0..<83 {
        let row = output.bytes.row(y)
        for x in 0..<row.count { #expect(row[x] == level) }
      }
    }
  }
}
