import Quantities
import Testing

struct ImageSizeTests {
  @Test(arguments: [("640x192", 640, 192), ("1x1", 1, 1), ("1242x375", 1242, 375)])
  func `a size is read as width times height`(text: String, width: Int, height: Int) {
    #expect(ImageSize(text) == ImageSize(width: width, height: height))
  }

  @Test(arguments: [
    "", "640", "640x", "x192", "640x0", "-640x192", "640x192x3", "640 x 192", "640X192", "axb",
  ])
  func `anything else is no size`(text: String) {
    #expect(ImageSize(text) == nil)
  }

  @Test func `a size reads back what it prints`() {
    let size = ImageSize(width: 416, height: 128)
    #expect(ImageSize(size.description) == size)
  }

  @Test func `pixel count and aspect ratio follow from the sides`() {
    let size = ImageSize(width: 640, height: 192)
    #expect(size.pixelCount == 122_880)
    #expect(abs(size.aspectRatio - 10.0 / 3) < 1e-12)
  }
}
