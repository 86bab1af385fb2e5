import Capture
import Glibc
import ImageBuffers
import Platform
import Quantities
import Testing

/// The errors table: which failure of which request leads to what.
@Suite struct FailureTests {
  @Test(arguments: [ENODEV, ENOLINK, EPIPE, ENXIO])
  func `a camera lost while taking a frame is closed and found again`(code: Int32) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = ScriptedCamera.frames(0...1) + [.dequeueError(code)]
    }
    _ = bench.next()
    _ = bench.next()
    #expect(bench.word(bench.next()).hasPrefix("unavailable: /dev/video0 went away"))
    #expect(!bench.camera.isOpen && bench.camera.memory.isEmpty, "closed and unmapped")
    let events = bench.nextFrame()
    #expect(events.suffix(2) == ["reconfigured", "frame"], "\(events)")
    #expect(bench.source.counters.reconnects.value == 1)
    #expect(bench.camera.openCount == 2)
  }

  @Test(arguments: [ENODEV, ENOLINK, EPIPE, ENXIO])
  func `a camera lost while giving a buffer back still delivers that frame`(code: Int32) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.frame(ScriptedFrame(sequence: 0, requeueError: code))]
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.word(bench.next()).hasPrefix("unavailable: /dev/video0 went away"))
    #expect(bench.nextFrame().last == "frame")
  }

  @Test func `the two-step disconnect of USB cameras is recognised`() throws {
    // uvcvideo marks the buffers as damaged first; giving them back then says that the device is gone.
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.frame(.damaged(0, requeueError: ENODEV))]
    }
    #expect(bench.word(bench.next()).hasPrefix("unavailable: /dev/video0 went away"))
    #expect(bench.source.counters.corrupt.value == 1)
    #expect(!bench.camera.isOpen)
  }

  @Test(arguments: [ENODEV, EIO, EAGAIN])
  func `a hang-up closes the camera`(code: Int32) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.hangUp(code)]
    }
    #expect(bench.word(bench.next()).hasPrefix("unavailable: /dev/video0 went away"))
    #expect(!bench.camera.isOpen)
    #expect(bench.nextFrame().last == "frame")
  }

  @Test func `a failed transfer starts the stream again, with growing pauses`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = ScriptedCamera.frames(0...0) + [.dequeueError(EIO), .dequeueError(EIO)]
    }
    _ = bench.next()
    #expect(bench.word(bench.next()).hasPrefix("unavailable: transfer from /dev/video0 failed"))
    let first = bench.kernel.now()
    #expect(bench.word(bench.next()).hasPrefix("unavailable: transfer"))
    let second = bench.kernel.now()
    #expect(bench.nextFrame().last == "frame")
    #expect(second - first >= 100_000_000)
    #expect(bench.kernel.now() - second >= 200_000_000)
    #expect(bench.camera.openCount == 1, "the device stayed open")
    #expect(bench.camera.streamStarts == 3)
    #expect(bench.source.counters.restarts.value == 2)
    #expect(bench.source.counters.lost.value == 0, "time without a stream is no frame loss")
  }

  @Test func `a try-again answer is waited out`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.dequeueError(EAGAIN)]
    }
    #expect(bench.word(bench.next()) == "frame")
  }

  @Test func `a silent camera has its stream started again within seconds`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = ScriptedCamera.frames(0...2) + [.silence]
    }
    for _ in 0..<3 { _ = bench.next() }
    let start = bench.kernel.now()
    let events = bench.nextFrame()
    #expect(events.contains { $0.hasPrefix("unavailable: no frame from /dev/video0 for 1 s") })
    #expect(bench.kernel.now() - start < 3_000_000_000)
  }

  @Test func `a camera that stays silent is opened anew`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.silence, .silence, .silence, .silence]
    }
    #expect(bench.nextFrame().last == "frame")
    #expect(bench.camera.openCount == 2)
  }

  @Test(arguments: [
    (EACCES, "may not be opened; add the user to group \"video\""), (EPERM, "may not be opened"),
    (EBUSY, "is in use by another program"), (ENOENT, "went away"),
  ])
  func `an open that fails says what to do, and is tried again`(code: Int32, text: String) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.openFailures = [code]
    }
    #expect(bench.word(bench.next()).contains(text))
    #expect(bench.nextFrame().last == "frame")
  }

  @Test(arguments: [
    (V4L2Request.streamOn, ENOSPC, "the USB bus has no room for GREY 16x4 at 30.0 Hz"),
    (.streamOn, EBUSY, "is in use"), (.setFormat, EBUSY, "is in use"), (.requestBuffers, EBUSY, "is in use"),
    (.setFormat, EINVAL, "VIDIOC_S_FMT on /dev/video0 failed"),
    (.requestBuffers, ENOMEM, "VIDIOC_REQBUFS on /dev/video0 failed"),
    (.queueBuffer, ENODEV, "went away"), (.queryCapabilities, ENOTTY, "no video capture device"),
  ])
  func `a start that fails says why, leaves nothing open and is tried again`(
    request: V4L2Request, code: Int32, text: String
  ) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.failures[request] = [code]
    }
    #expect(!bench.camera.isOpen && bench.camera.memory.isEmpty)
    #expect(bench.word(bench.next()).contains(text))
    #expect(bench.nextFrame().last == "frame")
  }

  @Test func `a busy camera is reported with the program that has it`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, kernel in
      camera.failures[.setFormat] = [EBUSY]
      kernel.holders = [DeviceHolders.Process(id: 42, name: "zoom")]
    }
    #expect(bench.word(bench.next()).contains("is in use by zoom (process 42)"))
    #expect(bench.nextFrame().last == "frame")
  }

  @Test func `a metadata node is not taken for a camera`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.capabilities |= UInt32(0x0400_0000)
      camera.deviceCapabilities = UInt32(0x0080_0000) | UInt32(0x0400_0000)
    }
    #expect(bench.word(bench.next()).contains("captures no pictures"))
  }

  @Test func `looking for an absent camera does not spin`() throws {
    let bench = try CameraBench(isAttached: false)
    // A storm of device events: one every millisecond.
    bench.kernel.changes = [Int64](repeating: 1_000_000, count: 100_000)
    let (start, calls) = (bench.kernel.now(), bench.kernel.callCount)
    while bench.kernel.now() - start < 10_000_000_000 { _ = bench.next() }
    #expect(bench.kernel.callCount - calls < 10 * 45, "calls in ten seconds")
  }
}
