import Capture
import Decoding
import ImageBuffers
import Platform
import Quantities
import Testing

@Suite struct IdentityTests {
  @Test func `an absent camera is no failure and is used once it appears`() throws {
    let bench = try CameraBench(isAttached: false)
    #expect(bench.source.frameSize == CameraBench.size)
    #expect(
      bench.word(bench.next()) == "unavailable: no camera \"auto\": none is attached; plug one in, "
        + "or load its driver")
    bench.kernel.changes = [200_000_000]
    bench.kernel.attach(bench.camera, CameraBench.node)
    let start = bench.kernel.now()
    let events = bench.nextFrame()
    #expect(events.suffix(2) == ["reconfigured", "frame"])
    #expect(bench.kernel.now() - start < 500_000_000, "the announcement was used")
    #expect(bench.source.counters.reconnects.value == 0)
  }

  @Test func `the same camera is found under another number`() throws {
    let bench = try CameraBench {
      $0.selector = .path("/dev/video0")
    } prepare: { camera, _ in
      camera.script = [.hangUp(19)]
    }
    bench.kernel.detachAll()
    var moved = CameraBench.node
    moved.path = "/dev/video3"
    #expect(bench.word(bench.next()).hasPrefix("unavailable"))
    #expect(bench.word(bench.next(within: 3)).contains("no camera"))
    bench.kernel.attach(bench.camera, moved)
    #expect(bench.nextFrame().last == "frame")
    #expect(bench.source.connection?.node.path == "/dev/video3")
  }

  @Test(arguments: [false, true])
  func `another camera is refused unless any is allowed`(acceptsAny: Bool) throws {
    let bench = try CameraBench {
      $0.acceptAnyCamera = acceptsAny
    } prepare: { camera, _ in
      camera.script = [.hangUp(19)]
    }
    bench.kernel.detachAll()
    var other = CameraBench.node
    other.usb?.serial = "S2"
    bench.kernel.attach(ScriptedCamera(), other)
    let events = bench.nextFrame(within: 6)
    #expect((events.last == "frame") == acceptsAny)
    #expect(
      events.contains(
        "unavailable: the camera is now /dev/video0 (usb 046d:0825 serial S2), not "
          + "usb 046d:0825 serial S1; plug the old one in, or allow any camera and restart") != acceptsAny)
  }

  @Test func `a serial number seen twice asks for a path`() throws {
    let bench = try CameraBench {
      $0.selector = .serial("S1")
    } prepare: { _, kernel in
      var twin = CameraBench.node
      twin.path = "/dev/video2"
      twin.usb?.port = "1-3"
      kernel.attach(ScriptedCamera(), twin)
    }
    #expect(bench.word(bench.next()).contains("several cameras fit \"serial:S1\""))
  }

  @Test func `selectors find the capture node of the right camera`() throws {
    let kernel = ScriptedKernel()
    for number in 0..<4 {
      var node = CameraBench.node
      node.path = "/dev/video\(number)"
      node.index = number % 2
      node.usb?.serial = number < 2 ? "A" : "B"
      node.usb?.port = number < 2 ? "1-1" : "1-2.3"
      kernel.attached.append(node)
    }
    #expect(try kernel.find(.first).path == "/dev/video0")
    #expect(try kernel.find(.serial("B")).path == "/dev/video2")
    #expect(try kernel.find(.usbPort("1-2.3")).path == "/dev/video2")
    #expect(try kernel.find(.path("/dev/video3")).path == "/dev/video3")
    #expect(throws: CaptureError.self) { _ = try kernel.find(.usbPort("9-9")) }
  }

  @Test(arguments: ["auto", "/dev/video0", "/dev/v4l/by-id/x", "serial:AB12", "usb:1-2.3"])
  func `selectors read and write the same text`(text: String) {
    #expect(CameraSelector(text)?.description == text)
  }

  @Test(arguments: ["", "video0", "serial:", "usb:"])
  func `other selectors are refused`(text: String) {
    #expect(CameraSelector(text) == nil)
  }
}
