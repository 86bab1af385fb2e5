import CV4L2
import Glibc
import Platform
import Quantities

/// The mapped buffers of a streaming device.
///
/// Unmaps itself; must go before its device.
package final class BufferRing {
  private static let captureType = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
  private let device: V4L2Device
  private var mappings: [UnsafeMutableRawBufferPointer] = []

  /// Asks for four buffers, maps what the driver grants and queues all.
  /// - Throws: `.busy`, `.lost`, `.system`.
  package init(_ device: V4L2Device) throws(CaptureError) {
    self.device = device
    var request = v4l2_requestbuffers()
    request.count = 4
    request.type = Self.captureType
    request.memory = V4L2_MEMORY_MMAP.rawValue
    try device.require(.requestBuffers, &request)
    mappings.reserveCapacity(Int(request.count))
    for index in 0..<request.count {
      var buffer = Self.buffer(index)
      try device.require(.queryBuffer, &buffer)
      do {
        mappings.append(
          try device.kernel.map(device.descriptor, offset: Int(buffer.m.offset), length: Int(buffer.length)))
      } catch {
        throw .camera(.system(path: device.path, operation: "mmap", error))
      }
    }
  }

  deinit {
    var type = Self.captureType
    _ = device.perform(.streamOff, &type)
    for mapping in mappings { device.kernel.unmap(mapping) }
  }

  /// Queues every buffer and starts the stream.
  /// - Throws: `.noBandwidth`, `.busy`, `.lost`, `.system`.
  func start(mode: @autoclosure () -> String) throws(CaptureError) {
    for index in mappings.indices {
      var buffer = Self.buffer(UInt32(index))
      try device.require(.queueBuffer, &buffer)
    }
    var type = Self.captureType
    let code = device.perform(.streamOn, &type)
    if code == ENOSPC { throw .camera(.noBandwidth(path: device.path, mode: mode())) }
    guard code == 0 else {
      throw .camera(
        V4L2Device.fault(
          SystemErrno(code), path: device.path, operation: V4L2Request.streamOn.rawValue))
    }
  }

  /// Stops the stream; the driver gives all buffers back.
  func stop() {
    var type = Self.captureType
    _ = device.perform(.streamOff, &type)
  }

  /// Takes a filled buffer.
  ///
  /// Returns 0 or an errno value, EAGAIN when there is none yet. Does not allocate.
  func take(_ filled: inout FilledBuffer) -> Int32 {
    var buffer = Self.buffer(0)
    let code = device.perform(.dequeueBuffer, &buffer)
    guard code == 0 else { return code }
    guard Int(buffer.index) < mappings.count else { return EIO }
    filled = FilledBuffer(buffer, memory: UnsafeRawBufferPointer(mappings[Int(buffer.index)]))
    return 0
  }

  /// Gives a buffer back to the driver.
  ///
  /// Returns 0 or an errno value. Does not allocate.
  func giveBack(_ index: UInt32) -> Int32 {
    var buffer = Self.buffer(index)
    return device.perform(.queueBuffer, &buffer)
  }

  private static func buffer(_ index: UInt32) -> v4l2_buffer {
    var buffer = v4l2_buffer()
    buffer.index = index
    buffer.type = captureType
    buffer.memory = V4L2_MEMORY_MMAP.rawValue
    return buffer
  }
}

/// A buffer between taking and giving back.
struct FilledBuffer {
  var index: UInt32 = 0
  var bytesUsed = 0
  var isDamaged = false
  var sequence: UInt32 = 0
  /// The driver's stamp when it is on the monotonic clock.
  var stamp: MonotonicTime?
  var marksStartOfExposure = false
  var memory = UnsafeRawBufferPointer(start: nil, count: 0)

  init() {}

  init(_ buffer: v4l2_buffer, memory: UnsafeRawBufferPointer) {
    index = buffer.index
    bytesUsed = Int(buffer.bytesused)
    isDamaged = buffer.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0
    sequence = buffer.sequence
    let clock = buffer.flags & UInt32(V4L2_BUF_FLAG_TIMESTAMP_MASK)
    let nanoseconds =
      Int64(buffer.timestamp.tv_sec) * 1_000_000_000 + Int64(buffer.timestamp.tv_usec) * 1000
    if clock == UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC), nanoseconds > 0 {
      stamp = MonotonicTime(nanoseconds: nanoseconds)
    }
    marksStartOfExposure =
      buffer.flags & UInt32(V4L2_BUF_FLAG_TSTAMP_SRC_MASK) == UInt32(V4L2_BUF_FLAG_TSTAMP_SRC_SOE)
    self.memory = memory
  }
}
