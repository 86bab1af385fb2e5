import Glibc
import Platform
import Quantities
import TestSupport
import Testing

struct SystemTests {
  @Test func `an errno value carries the system's own words`() {
    #expect(SystemErrno(EBUSY).description == "Device or resource busy (errno 16)")
  }

  @Test func `the clocks run forward and agree with the system`() {
    let first = MonotonicTime.now()
    let second = MonotonicTime.now()
    #expect(second >= first)
    #expect(abs(Double(WallTime.now().nanoseconds) * 1e-9 - Double(time(nil))) < 5)
  }

  @Test func `a descriptor is closed when its owner goes away`() throws {
    let folder = try TemporaryFolder()
    let number = try descriptorNumber(of: folder.file("file"))
    #expect(fcntl(number, F_GETFD) == -1)
  }

  @Test func `a descriptor does not leak into child processes`() throws {
    let folder = try TemporaryFolder()
    let descriptor = try FileDescriptor(path: folder.file("file"), flags: O_RDWR | O_CREAT)
    #expect(fcntl(descriptor.raw, F_GETFD) & FD_CLOEXEC != 0)
  }

  private func descriptorNumber(of path: String) throws -> Int32 {
    let descriptor = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT)
    return descriptor.raw
  }
}
