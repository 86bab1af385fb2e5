import CV4L2
import Capture
import Decoding
import Glibc
import Platform
import Quantities

/// A kernel with one camera that delivers prepared buffers in real time, for ever, and allocates nothing while
/// it streams.
final class EndlessCamera: V4L2Kernel, CameraCatalog {
  static let path = "/dev/video0"
  private static let descriptor: Int32 = 1_000_000
  private static let bufferBytes = 4 * CameraBuffers.size.pixelCount

  private let buffers: CameraBuffers
  private let periodNanoseconds: Int64
  private var memory: [UnsafeMutableRawBufferPointer] = []
  /// Indices of the buffers the driver holds, oldest first.
  private var queued: [UInt32] = []
  private var nextFrame = MonotonicTime.now()
  private var sequence: UInt32 = 0

  init(_ buffers: CameraBuffers, rateHz: Double) {
    self.buffers = buffers
    periodNanoseconds = Int64(1e9 / rateHz)
    queued.reserveCapacity(64)
  }

  func now() -> MonotonicTime { MonotonicTime.now() }

  func sleep(until deadline: MonotonicTime) {
    let left = deadline - now()
    if left > 0 { usleep(UInt32(left / 1000)) }
  }

  func open(_ path: String) throws(SystemErrno) -> Int32 { Self.descriptor }
  func close(_ descriptor: Int32) {}

  func map(_ descriptor: Int32, offset: Int, length: Int) throws(SystemErrno) -> UnsafeMutableRawBufferPointer
  {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 64)
    memory.append(block)
    return block
  }

  func unmap(_ block: UnsafeMutableRawBufferPointer) {
    memory.removeAll { $0.baseAddress == block.baseAddress }
    block.deallocate()
  }

  func holders(of path: String) -> [DeviceHolders.Process] { [] }

  func wait(for descriptor: Int32, until deadline: MonotonicTime) -> WaitOutcome {
    guard nextFrame <= deadline else {
      sleep(until: deadline)
      return .timeout
    }
    sleep(until: nextFrame)
    return .ready
  }

  func perform(
    _ request: V4L2Request, on descriptor: Int32, _ argument: UnsafeMutableRawPointer
  ) -> Int32 {
    switch request {
    case .queryCapabilities:
      let capability = argument.assumingMemoryBound(to: v4l2_capability.self)
      let abilities = UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_STREAMING)
      capability.pointee.device_caps = abilities
      capability.pointee.capabilities = abilities | UInt32(V4L2_CAP_DEVICE_CAPS)
    case .enumerateFormats:
      let entry = argument.assumingMemoryBound(to: v4l2_fmtdesc.self)
      guard entry.pointee.index == 0 else { return EINVAL }
      entry.pointee.pixelformat = buffers.format.pixelFormat.code
    case .setFormat: describe(argument.assumingMemoryBound(to: v4l2_format.self))
    case .requestBuffers: argument.assumingMemoryBound(to: v4l2_requestbuffers.self).pointee.count = 4
    case .queryBuffer:
      argument.assumingMemoryBound(to: v4l2_buffer.self).pointee.length = UInt32(Self.bufferBytes)
    case .queueBuffer: queued.append(argument.assumingMemoryBound(to: v4l2_buffer.self).pointee.index)
    case .dequeueBuffer: return dequeue(argument.assumingMemoryBound(to: v4l2_buffer.self))
    case .streamOff: queued.removeAll(keepingCapacity: true)
    case .getFormat, .setParameters, .streamOn: break
    case .enumerateSizes, .enumerateIntervals, .queryControl, .queryMenu, .getControl, .setControl:
      return EINVAL
    }
    return 0
  }

  private func describe(_ format: UnsafeMutablePointer<v4l2_format>) {
    format.pointee.fmt.pix.pixelformat = buffers.format.pixelFormat.code
    format.pointee.fmt.pix.width = UInt32(CameraBuffers.size.width)
    format.pointee.fmt.pix.height = UInt32(CameraBuffers.size.height)
    format.pointee.fmt.pix.bytesperline = UInt32(buffers.format.bytesPerLine)
    format.pointee.fmt.pix.sizeimage = UInt32(Self.bufferBytes)
  }

  private func dequeue(_ buffer: UnsafeMutablePointer<v4l2_buffer>) -> Int32 {
    let now = now()
    guard now >= nextFrame, !queued.isEmpty else { return EAGAIN }
    let index = queued.removeFirst()
    let count = buffers.withBuffer(Int(sequence)) { bytes in
      memory[Int(index)].copyMemory(from: bytes)
      return bytes.count
    }
    buffer.pointee.index = index
    buffer.pointee.sequence = sequence
    buffer.pointee.bytesused = UInt32(count)
    buffer.pointee.flags =
      UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC) | UInt32(V4L2_BUF_FLAG_TSTAMP_SRC_SOE)
    buffer.pointee.timestamp = timeval(
      tv_sec: Int(now.nanoseconds / 1_000_000_000),
      tv_usec: Int(now.nanoseconds % 1_000_000_000) / 1000)
    sequence += 1
    nextFrame = max(nextFrame + periodNanoseconds, now)
    return 0
  }

  func nodes() -> [CameraNode] {
    [CameraNode(path: Self.path, name: "endless", index: 0, location: "platform/endless", usb: nil)]
  }

  func resolve(_ path: String) -> String? { path }

  func waitForChange(until deadline: MonotonicTime) -> Bool {
    sleep(until: deadline)
    return false
  }
}
