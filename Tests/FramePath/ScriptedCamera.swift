import Capture
import Decoding
import ImageBuffers
import Platform
import Quantities

/// A source that decodes prepared driver buffers with the daemon's own decoder, as fast as they are taken.
final class ScriptedCamera: FrameSource {
  let frameSize: ImageSize
  let carriesTruth = false
  let nominalRateHz = 0.0
  private let buffers: CameraBuffers
  private let decoder: FrameDecoder
  private var delivered = 0

  init(_ buffers: CameraBuffers) throws(CaptureError) {
    self.buffers = buffers
    do { decoder = try FrameDecoder(buffers.format) } catch {
      throw .badSource(source: "scripted", reason: error.description)
    }
    frameSize = decoder.outputSize
  }

  func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> FrameOutcome {
    fill(&lease.frame) ? .frame : .timeout
  }

  /// Decodes the next buffer into `frame`.
  func fill(_ frame: inout CameraFrame) -> Bool {
    let start = MonotonicTime.now()
    let isDecoded = buffers.withBuffer(delivered) { bytes in
      do {
        try decoder.decode(bytes, into: &frame.image)
        return true
      } catch { return false }
    }
    frame.metadata.captureTime = start
    frame.metadata.timeSource = .startOfExposure
    frame.metadata.sequence = UInt64(delivered)
    frame.metadata.decodeNanoseconds = MonotonicTime.now() - start
    delivered += 1
    return isDecoded
  }

  func takeOdometry(upTo time: MonotonicTime) -> [OdometrySample] { [] }
}
