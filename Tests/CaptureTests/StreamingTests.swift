import CV4L2
import Capture
import Decoding
import Glibc
import ImageBuffers
import Platform
import Quantities
import Testing

@Suite struct StreamingTests {
  @Test func `a frame arrives with its time, its sequence and its pixels`() throws {
    let bench = try CameraBench {
      $0.timeOffsetMicroseconds = -2000
    } prepare: { camera, _ in
      camera.script = [.frame(ScriptedFrame(sequence: 7, value: 42))]
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.firstPixel == 42)
    #expect(bench.metadata.sequence == 7)
    #expect(bench.metadata.timeSource == .startOfExposure)
    // The script stamps frames 5 ms before they are seen; 2 ms are configured on top.
    #expect(abs((bench.kernel.now() - bench.metadata.captureTime) - 7_000_000) < 1000)
    #expect(bench.camera.queued.count == 4, "the buffer went back")
  }

  @Test(arguments: [(120, 12_000_000), (0, nil), (9000, nil)] as [(Int32, Int64?)])
  func `the exposure that the camera says is passed on, where it can be`(
    told: Int32, expected: Int64?
  ) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.controls = [
        ScriptedControl(identifier: 0x9A_0902, name: "Exposure (Absolute)", range: 0...10000, value: told)
      ]
      camera.script = [.frame(ScriptedFrame(sequence: 0)), .frame(ScriptedFrame(sequence: 1))]
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.metadata.exposureNanoseconds == expected)
    // The middle of the exposure lies after its start.
    #expect(bench.metadata.midExposureTime - bench.metadata.captureTime == (expected ?? 0) / 2)
  }

  @Test func `a camera that does not say its exposure has none`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.frame(ScriptedFrame(sequence: 0))]
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.metadata.exposureNanoseconds == nil)
  }

  @Test func `a stamp of another clock is replaced by the time of receipt`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      var frame = ScriptedFrame(sequence: 0)
      frame.flags = UInt32(V4L2_BUF_FLAG_TIMESTAMP_COPY)
      var unset = ScriptedFrame(sequence: 1)
      unset.hasStamp = false
      var endOfFrame = ScriptedFrame(sequence: 2)
      endOfFrame.flags = UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
      camera.script = [.frame(frame), .frame(unset), .frame(endOfFrame)]
    }
    for expected in [FrameMetadata.TimeSource.receive, .receive, .endOfFrame] {
      #expect(bench.word(bench.next()) == "frame")
      #expect(bench.metadata.timeSource == expected)
      if expected == .receive { #expect(bench.metadata.captureTime == bench.kernel.now()) }
    }
  }

  @Test func `the first frames after a start are thrown away`() throws {
    let bench = try CameraBench {
      $0.discardFirstFrames = 3
    } prepare: { camera, _ in
      camera.script = [.frame(.damaged(0))] + ScriptedCamera.frames(1...5)
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.metadata.sequence == 3)
    #expect(bench.source.counters.corrupt.value == 0)
    #expect(bench.source.counters.lost.value == 0)
  }

  @Test func `lost frames are counted from sequence and time`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script =
        ScriptedCamera.frames(0...3) + [.frame(ScriptedFrame(sequence: 6, periods: 3))]
    }
    for _ in 0..<4 { _ = bench.next() }
    #expect(bench.metadata.lostBefore == 0)
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.metadata.lostBefore == 2)
    #expect(bench.source.counters.lost.value == 2)
  }

  @Test func `of several waiting frames the newest is delivered`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script =
        ScriptedCamera.frames(0...0) + [.burst((1...3).map { ScriptedFrame(sequence: $0, value: UInt8($0)) })]
    }
    _ = bench.next()
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.firstPixel == 3)
    #expect(bench.metadata.lostBefore == 2)
    #expect(bench.source.counters.skipped.value == 2)
    #expect(bench.source.counters.lost.value == 0)
    #expect(bench.camera.queued.count == 4)
  }

  @Test func `rows with padding are read correctly`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.padding = 13
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.firstPixel == 100)
  }

  @Test func `the driver's own size is taken over`() throws {
    let other = ImageSize(width: 32, height: 8)
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.onlySize = other
    }
    #expect(bench.source.frameSize == other)
    #expect(bench.word(bench.next()) == "frame")
  }

  @Test func `a damaged frame is dropped and counted`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = ScriptedCamera.frames(0...0) + [.frame(.damaged(1))] + ScriptedCamera.frames(2...2)
    }
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.word(bench.next()) == "corrupt: the driver marked frame 1 as damaged")
    #expect(bench.word(bench.next()) == "frame")
    #expect(bench.metadata.lostBefore == 0)
    #expect(bench.source.counters.corrupt.value == 1)
    #expect(bench.source.counters.lost.value == 0)
  }

  @Test(arguments: [UInt32(0), 5000, 63])
  func `an impossible byte count is a corrupt frame`(bytes: UInt32) throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.frame(ScriptedFrame(sequence: 0, bytesUsed: bytes))]
    }
    #expect(bench.word(bench.next()).hasPrefix("corrupt: "))
    #expect(bench.camera.queued.count == 4)
    #expect(bench.word(bench.next()) == "frame")
  }

  @Test func `no frame in time is a timeout`() throws {
    let bench = try CameraBench { _ in
    } prepare: { camera, _ in
      camera.script = [.silence]
    }
    #expect(bench.word(bench.next(within: 0.2)) == "timeout")
  }
}
