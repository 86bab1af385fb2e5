import Decoding
import Glibc
import ImageBuffers
import Platform
import Quantities

/// One camera from opening to loss: negotiates, streams, decodes, and starts the stream again after failed
/// transfers or silence.
package final class CameraStream {
  /// What came of waiting for a frame.
  enum Outcome {
    case frame
    case timeout
    case corrupt(CameraFault)
    /// The stream is being started again.
    case pausing(CameraFault)
    /// This object is of no more use.
    case lost(CameraFault)
  }

  package let connection: CameraConnection
  private let device: V4L2Device
  private let ring: BufferRing
  private let decoder: FrameDecoder
  private let settings: CameraSettings
  private let counters: CaptureCounters
  private var continuity: FrameContinuity
  private var exposure = ExposureTime()
  /// How long the last frame took to decode.
  private var decodeNanoseconds: Int64 = 0
  private var discardsLeft: Int
  /// Frames lost or passed over since the last one that was delivered; damaged ones are reported one by one.
  private var missedSinceFrame: UInt64 = 0
  private var lastArrival: MonotonicTime
  private var restartTime: MonotonicTime?
  private var restartsInVain = 0
  /// Set when a buffer could not be given back although its frame was fine.
  private var pendingLoss: CameraFault?

  /// Opens the node, sets controls and mode, and starts streaming.
  /// - Throws: the whole table of `CameraFault`.
  package init(
    _ node: CameraNode, settings: CameraSettings, kernel: any V4L2Kernel, counters: CaptureCounters
  ) throws(CaptureError) {
    device = try V4L2Device(node.path, kernel: kernel)
    let choice = try Self.chooseFormat(device, node, settings)
    let mode = try device.negotiate(choice.pixelFormat, size: settings.size, rateHz: settings.rateHz)
    do { decoder = try FrameDecoder(mode.format, neededSize: settings.neededSize) } catch {
      throw .camera(.undecodable(error))
    }
    try device.apply(settings.controls)
    ring = try BufferRing(device)
    try ring.start(mode: "\(mode.format.pixelFormat) \(mode.format.size) at \(mode.rateHz) Hz")
    self.settings = settings
    self.counters = counters
    continuity = FrameContinuity(rateHz: mode.rateHz)
    discardsLeft = settings.discardFirstFrames
    lastArrival = kernel.now()
    connection = CameraConnection(
      node: node, card: device.card, driver: device.driver, busInfo: device.busInfo, mode: mode,
      formatReason: choice.reason, frameSize: decoder.outputSize)
  }

  private static func chooseFormat(
    _ device: V4L2Device, _ node: CameraNode, _ settings: CameraSettings
  ) throws(CaptureError) -> FormatChoice {
    if case .fixed(let format) = settings.format {
      return FormatChoice(pixelFormat: format, reason: "configured")
    }
    let offers = device.offeredFormats()
    let choice = FormatChoice.choose(
      from: offers, size: settings.size, rateHz: settings.rateHz, busBytesPerSecond: node.busBytesPerSecond)
    guard let choice else {
      throw .camera(.unusableFormat(path: node.path, wanted: "any pixel format", offered: ["none"]))
    }
    return choice
  }

  /// Waits for a frame and decodes the newest one that is there.
  func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> Outcome {
    if let pendingLoss { return .lost(pendingLoss) }
    if let restartTime {
      device.kernel.sleep(until: min(restartTime, deadline))
      if device.kernel.now() < restartTime { return .timeout }
      if let fault = restart() { return .lost(fault) }
    }
    while true {
      let silenceEnd = lastArrival + silenceNanoseconds
      let event = device.kernel.wait(for: device.descriptor, until: min(deadline, silenceEnd))
      if event == .timeout {
        if device.kernel.now() >= silenceEnd { return handleSilence() }
        return .timeout
      }
      var filled = FilledBuffer()
      let code = ring.take(&filled)
      if code != 0 {
        if code == EAGAIN && event == .ready { continue }
        return handleFailure(code, hungUp: event == .hangUp)
      }
      lastArrival = device.kernel.now()
      if let outcome = process(newest(filled), into: &lease) { return outcome }
    }
  }

  /// Passes over frames that are older than another one already waiting.
  private func newest(_ first: FilledBuffer) -> FilledBuffer {
    var filled = first
    var newer = FilledBuffer()
    while discardsLeft == 0, !filled.isDamaged, ring.take(&newer) == 0 {
      noteArrival(filled)
      release(filled)
      counters.skipped.add()
      missedSinceFrame += 1
      filled = newer
    }
    return filled
  }

  /// Decodes a buffer and gives it back; nil when it was one of those to discard.
  private func process(_ filled: FilledBuffer, into lease: inout FrameLease) -> Outcome? {
    noteArrival(filled)
    if discardsLeft > 0 {
      discardsLeft -= 1
      release(filled)
      return pendingLoss.map { .lost($0) }
    }
    // The buffer is ours until `release`: decoding after giving it back would read half of the next frame.
    let fault = decode(filled, into: &lease)
    release(filled)
    if let fault {
      counters.corrupt.add()
      return pendingLoss.map { .lost($0) } ?? .corrupt(fault)
    }
    describe(filled, &lease.frame.metadata)
    counters.frames.add()
    missedSinceFrame = 0
    restartsInVain = 0
    return .frame
  }

  private func decode(_ filled: FilledBuffer, into lease: inout FrameLease) -> CameraFault? {
    if filled.isDamaged { return .damagedFrame(sequence: filled.sequence) }
    guard filled.bytesUsed > 0, filled.bytesUsed <= filled.memory.count else {
      return .impossibleLength(bytes: filled.bytesUsed, buffer: filled.memory.count)
    }
    let bytes = UnsafeRawBufferPointer(rebasing: filled.memory[..<filled.bytesUsed])
    let begin = MonotonicTime.now()
    do throws(DecodingError) {
      try decoder.decode(bytes, into: &lease.frame.image)
      decodeNanoseconds = MonotonicTime.now() - begin
      return nil
    } catch {
      return .undecodable(error)
    }
  }

  private func describe(_ filled: FilledBuffer, _ metadata: inout FrameMetadata) {
    metadata = FrameMetadata()
    metadata.decodeNanoseconds = decodeNanoseconds
    // A stamp from the future or from minutes ago is no capture time whatever its flags say.
    let isPlausible = filled.stamp.map { (-1_000_000...10_000_000_000).contains(lastArrival - $0) } ?? false
    let time = isPlausible ? filled.stamp ?? lastArrival : lastArrival
    metadata.captureTime = time + Int64(settings.timeOffsetMicroseconds) * 1000
    metadata.timeSource =
      !isPlausible ? .receive : filled.marksStartOfExposure ? .startOfExposure : .endOfFrame
    exposure.refresh(device, rateHz: connection.mode.rateHz, at: lastArrival)
    metadata.exposureNanoseconds = exposure.nanoseconds
    metadata.sequence = UInt64(filled.sequence)
    metadata.lostBefore = missedSinceFrame
  }

  private func noteArrival(_ filled: FilledBuffer) {
    let lost = continuity.lostBefore(sequence: filled.sequence, time: filled.stamp ?? lastArrival)
    counters.lost.add(lost)
    missedSinceFrame += lost
  }

  private func release(_ filled: FilledBuffer) {
    let code = ring.giveBack(filled.index)
    if V4L2Device.meansLost(code) {
      pendingLoss = .lost(path: device.path, SystemErrno(code))
    } else if code != 0 {
      restartTime = device.kernel.now()
    }
  }
}

/// Starting again.
extension CameraStream {
  /// Five frame periods, and at least a second.
  private var silenceNanoseconds: Int64 {
    let rate = connection.mode.rateHz
    return max(1_000_000_000, rate > 0 ? Int64(5e9 / rate) : 0)
  }

  private func handleSilence() -> Outcome {
    let fault = CameraFault.stalled(path: device.path, seconds: Int(silenceNanoseconds / 1_000_000_000))
    // Three restarts in vain: only opening the device anew can help.
    return restartsInVain >= 3 ? .lost(fault) : pause(fault)
  }

  private func handleFailure(_ code: Int32, hungUp: Bool) -> Outcome {
    if hungUp || V4L2Device.meansLost(code) {
      return .lost(.lost(path: device.path, SystemErrno(V4L2Device.meansLost(code) ? code : ENODEV)))
    }
    guard code == EIO else {
      return .lost(
        .system(
          path: device.path, operation: V4L2Request.dequeueBuffer.rawValue, SystemErrno(code)))
    }
    let fault = CameraFault.transferFailed(path: device.path, SystemErrno(code))
    return restartsInVain >= 6 ? .lost(fault) : pause(fault)
  }

  /// Stops the stream and plans its restart: after 0.1 s, then twice as long each time, up to 3.2 s.
  private func pause(_ fault: CameraFault) -> Outcome {
    ring.stop()
    restartTime = device.kernel.now() + (100_000_000 << Int64(min(5, restartsInVain)))
    restartsInVain += 1
    return .pausing(fault)
  }

  private func restart() -> CameraFault? {
    restartTime = nil
    ring.stop()
    counters.restarts.add()
    continuity.restart()
    discardsLeft = settings.discardFirstFrames
    lastArrival = device.kernel.now()
    do throws(CaptureError) {
      try ring.start(mode: "the same mode as before")
      return nil
    } catch {
      guard case .camera(let fault) = error else { return nil }
      return fault
    }
  }
}
