import Capture
import Decoding
import Quantities
import Testing

@Suite struct FormatChoiceTests {
  let vga = ImageSize(width: 640, height: 480)
  let hd = ImageSize(width: 1280, height: 720)

  private func offer(_ format: PixelFormat, _ sizes: [(ImageSize, Double)]) -> OfferedFormat {
    OfferedFormat(
      pixelFormat: format, name: "", modes: sizes.map { OfferedMode(size: $0.0, ratesHz: [$0.1, 5]) })
  }

  private func choose(_ offers: [OfferedFormat], _ size: ImageSize, bus: Double?) -> FormatChoice? {
    FormatChoice.choose(from: offers, size: size, rateHz: 30, busBytesPerSecond: bus)
  }

  @Test func `uncompressed wins when the bus carries it`() {
    let offers = [offer(.mjpg, [(vga, 30)]), offer(.yuyv, [(vga, 30)])]
    #expect(choose(offers, vga, bus: 18.5e6)?.pixelFormat == .yuyv)
  }

  @Test func `JPEG frames win when the bus is too slow`() {
    let offers = [offer(.yuyv, [(hd, 30)]), offer(.mjpg, [(hd, 30)])]
    let choice = choose(offers, hd, bus: 18.5e6)
    #expect(choice?.pixelFormat == .mjpg)
    #expect(choice?.reason == "YUYV needs 55 MB/s, the bus carries 18")
    #expect(choose(offers, hd, bus: nil)?.pixelFormat == .yuyv)
  }

  @Test func `JPEG frames win when the uncompressed rate or size is missing`() {
    let slow = [offer(.yuyv, [(hd, 10)]), offer(.mjpg, [(hd, 30)])]
    #expect(choose(slow, hd, bus: nil)?.reason == "YUYV reaches only 10.0 Hz at 1280x720")
    let small = [offer(.yuyv, [(vga, 30)]), offer(.mjpg, [(hd, 30)])]
    #expect(choose(small, hd, bus: nil)?.reason == "YUYV is not offered at 1280x720")
  }

  @Test func `colour is preferred to grey, and formats that need converting come last`() throws {
    let rgb = try #require(PixelFormat("RGB3"))
    let all = [offer(rgb, [(vga, 30)]), offer(.grey, [(vga, 30)]), offer(.uyvy, [(vga, 30)])]
    #expect(choose(all, vga, bus: nil)?.pixelFormat == .uyvy)
    #expect(choose([all[0]], vga, bus: nil)?.pixelFormat == rgb)
    #expect(choose([], vga, bus: nil) == nil)
  }
}
