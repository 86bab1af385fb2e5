import CPosix
import CV4L2
import Glibc
import Platform
package import Quantities

/// The real thing.
package final class LinuxV4L2Kernel: V4L2Kernel {
  package init() {}

  package func now() -> MonotonicTime { .now() }

  package func sleep(until deadline: MonotonicTime) {
    var time = timespec(
      tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
  }

  package func open(_ path: String) throws(SystemErrno) -> Int32 {
    let descriptor = cposix_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .current }
    return descriptor
  }

  package func close(_ descriptor: Int32) {
    Glibc.close(descriptor)
  }

  package func perform(
    _ request: V4L2Request, on descriptor: Int32, _ argument: UnsafeMutableRawPointer
  ) -> Int32 {
    while cposix_ioctl(descriptor, request.number, argument) != 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }

  package func map(
    _ descriptor: Int32, offset: Int, length: Int
  ) throws(SystemErrno) -> UnsafeMutableRawBufferPointer {
    let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, offset)
    guard let memory, memory != MAP_FAILED else { throw .current }
    return UnsafeMutableRawBufferPointer(start: memory, count: length)
  }

  package func unmap(_ memory: UnsafeMutableRawBufferPointer) {
    munmap(memory.baseAddress, memory.count)
  }

  package func holders(of path: String) -> [DeviceHolders.Process] {
    DeviceHolders(of: path).processes.filter { $0.id != Int(getpid()) }
  }

  package func wait(for descriptor: Int32, until deadline: MonotonicTime) -> WaitOutcome {
    while true {
      // Rounded up, so that the last wait does not spin through the final millisecond.
      let milliseconds = max(0, (deadline - now() + 999_999) / 1_000_000)
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = poll(&request, 1, Int32(min(milliseconds, 60_000)))
      if count < 0 && errno == EINTR { continue }
      if count == 0 { return .timeout }
      // Both bits at once mean that a last buffer may still be taken; DQBUF then says what is wrong.
      return Int32(request.revents) & POLLIN != 0 ? .ready : .hangUp
    }
  }
}

extension V4L2Request {
  var number: UInt {
    switch self {
    case .queryCapabilities: cv4l2_querycap
    case .enumerateFormats: cv4l2_enum_fmt
    case .enumerateSizes: cv4l2_enum_framesizes
    case .enumerateIntervals: cv4l2_enum_frameintervals
    case .getFormat: cv4l2_g_fmt
    case .setFormat: cv4l2_s_fmt
    case .setParameters: cv4l2_s_parm
    case .requestBuffers: cv4l2_reqbufs
    case .queryBuffer: cv4l2_querybuf
    case .queueBuffer: cv4l2_qbuf
    case .dequeueBuffer: cv4l2_dqbuf
    case .streamOn: cv4l2_streamon
    case .streamOff: cv4l2_streamoff
    case .queryControl: cv4l2_queryctrl
    case .queryMenu: cv4l2_querymenu
    case .getControl: cv4l2_g_ctrl
    case .setControl: cv4l2_s_ctrl
    }
  }
}
