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

  @Test(arguments: [(offset: 0, bytes: [1, 2, 3, 4]), (offset: 3, bytes: [4, 5]), (offset: 9, bytes: [])])
  func `a file is read from a place as far as it goes`(offset: Int, bytes: [UInt8]) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("file")
    let written: [UInt8] = [1, 2, 3, 4, 5]
    let descriptor = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT)
    #expect(write(descriptor.raw, written, written.count) == written.count)
    var buffer = [UInt8](repeating: 0, count: 4)
    let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0, at: offset) }
    #expect(Array(buffer[..<count]) == bytes)
  }

  @Test func `a folder's bytes cannot be read, and the system says why`() throws {
    let folder = try TemporaryFolder()
    let descriptor = try FileDescriptor(path: folder.path, flags: O_RDONLY)
    var buffer = [UInt8](repeating: 0, count: 4)
    #expect(throws: SystemErrno(EISDIR)) {
      try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0, at: 0) }
    }
  }

  private func descriptorNumber(of path: String) throws -> Int32 {
    let descriptor = try FileDescriptor(path: path, flags: O_RDWR | O_CREAT)
    return descriptor.raw
  }
}
