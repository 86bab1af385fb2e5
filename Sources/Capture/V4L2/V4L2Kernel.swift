package import Quantities

/// The system calls a capture device needs; the seam at which tests put a scripted driver.
package protocol V4L2Kernel: AnyObject {
  func now() -> MonotonicTime
  func sleep(until deadline: MonotonicTime)
  /// Opens for reading and writing, non-blocking, close-on-exec.
  func open(_ path: String) throws(SystemErrno) -> Int32
  func close(_ descriptor: Int32)
  /// Performs a request, repeating it when a signal interrupts. Returns 0 or an errno value.
  func perform(_ request: V4L2Request, on descriptor: Int32, _ argument: UnsafeMutableRawPointer) -> Int32
  func map(_ descriptor: Int32, offset: Int, length: Int) throws(SystemErrno) -> UnsafeMutableRawBufferPointer
  func unmap(_ memory: UnsafeMutableRawBufferPointer)
  /// Other processes that have the node open, as far as they can be seen.
  func holders(of path: String) -> [DeviceHolders.Process]
  /// Waits for a filled buffer.
  func wait(for descriptor: Int32, until deadline: MonotonicTime) -> WaitOutcome
}

package enum WaitOutcome: Sendable {
  case ready
  case timeout
  /// POLLERR or POLLHUP: the device is gone or not streaming.
  case hangUp
}

/// The requests of Video4Linux in use here.
package enum V4L2Request: String, Sendable {
  case queryCapabilities = "VIDIOC_QUERYCAP"
  case enumerateFormats = "VIDIOC_ENUM_FMT"
  case enumerateSizes = "VIDIOC_ENUM_FRAMESIZES"
  case enumerateIntervals = "VIDIOC_ENUM_FRAMEINTERVALS"
  case getFormat = "VIDIOC_G_FMT"
  case setFormat = "VIDIOC_S_FMT"
  case setParameters = "VIDIOC_S_PARM"
  case requestBuffers = "VIDIOC_REQBUFS"
  case queryBuffer = "VIDIOC_QUERYBUF"
  case queueBuffer = "VIDIOC_QBUF"
  case dequeueBuffer = "VIDIOC_DQBUF"
  case streamOn = "VIDIOC_STREAMON"
  case streamOff = "VIDIOC_STREAMOFF"
  case queryControl = "VIDIOC_QUERYCTRL"
  case queryMenu = "VIDIOC_QUERYMENU"
  case getControl = "VIDIOC_G_CTRL"
  case setControl = "VIDIOC_S_CTRL"
}
