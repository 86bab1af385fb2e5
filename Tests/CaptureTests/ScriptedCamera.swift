import CV4L2
import Capture
import Decoding
import Quantities

/// What a scripted camera does next.
enum Step {
  case frame(ScriptedFrame)
  /// Several frames wait at once: the reader was slow.
  case burst([ScriptedFrame])
  /// poll says ready, DQBUF fails.
  case dequeueError(Int32)
  /// poll says POLLERR or POLLHUP, DQBUF fails.
  case hangUp(Int32)
  /// Nothing, until the stream is started again.
  case silence
}

struct ScriptedFrame {
  var sequence: UInt32
  /// Frame periods since the one before.
  var periods = 1
  var value: UInt8 = 100
  var bytesUsed: UInt32?
  var flags = UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC) | UInt32(V4L2_BUF_FLAG_TSTAMP_SRC_SOE)
  /// What QBUF answers when the frame's buffer is given back.
  var requeueError: Int32 = 0
  var hasStamp = true

  static func damaged(_ sequence: UInt32, requeueError: Int32 = 0) -> ScriptedFrame {
    var frame = ScriptedFrame(sequence: sequence, requeueError: requeueError)
    frame.flags |= UInt32(V4L2_BUF_FLAG_ERROR)
    return frame
  }
}

struct ScriptedControl {
  var identifier: UInt32
  var name: String
  var type = V4L2_CTRL_TYPE_INTEGER.rawValue
  var range: ClosedRange<Int32> = 0...255
  var step: Int32 = 1
  var value: Int32 = 0
  var flags: UInt32 = 0
}

/// A camera that lives in memory.
final class ScriptedCamera {
  var card = "Scripted"
  var capabilities = UInt32(V4L2_CAP_DEVICE_CAPS) | UInt32(V4L2_CAP_VIDEO_CAPTURE)
  var deviceCapabilities = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_STREAMING)
  var formats: [PixelFormat] = [.grey]
  /// The size the driver insists on; nil = whatever is asked.
  var onlySize: ImageSize?
  var padding = 0
  var controls: [ScriptedControl] = []
  var script: [Step] = []
  /// Errno values that requests answer, used up one by one.
  var failures: [V4L2Request: [Int32]] = [:]
  var openFailures: [Int32] = []

  // State of the simulated driver.
  var size = ImageSize(width: 1, height: 1)
  var format = PixelFormat.grey
  var queued: [UInt32] = []
  var available: [ScriptedFrame] = []
  var pendingError: Int32 = 0
  var requeueErrors: [UInt32: Int32] = [:]
  var isStreaming = false
  var nextSequence: UInt32 = 0
  var memory: [UnsafeMutableRawBufferPointer] = []
  // What tests look at.
  var openCount = 0
  var isOpen = false
  var streamStarts = 0
  var requests: [V4L2Request] = []

  var imageBytes: Int { (size.width + padding) * size.height }

  /// Frames in sequence, undamaged.
  static func frames(_ sequences: ClosedRange<UInt32>) -> [Step] {
    sequences.map { .frame(ScriptedFrame(sequence: $0)) }
  }
}
