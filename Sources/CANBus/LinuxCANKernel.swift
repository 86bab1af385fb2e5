import CSocketCAN
import Glibc
import Platform
package import Quantities

/// The running system.
package final class LinuxCANKernel: CANKernel {
  package init() {}

  package func now() -> MonotonicTime { .now() }

  package func wallNow() -> WallTime { .now() }

  package func sleep(until deadline: MonotonicTime) {
    let nanoseconds = deadline - .now()
    if nanoseconds > 0 { usleep(UInt32(min(nanoseconds / 1000 + 1, 1_000_000))) }
  }

  package func look(at interface: String) -> CANInterfaceState {
    var found = csocketcan_interface()
    guard csocketcan_look(interface, &found) == 0 else { return .absent }
    guard found.is_can != 0 else { return .notCAN }
    guard found.is_up != 0 else { return .down }
    return found.is_running != 0 ? .up(index: found.index) : .busOff(index: found.index)
  }

  package func open(index: UInt32, identifiers: [UInt32]) throws(SystemErrno) -> Int32 {
    let descriptor = csocketcan_open(index, identifiers, identifiers.count)
    guard descriptor >= 0 else { throw SystemErrno.current }
    return descriptor
  }

  package func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  package func wait(for descriptor: Int32, until deadline: MonotonicTime) -> Bool {
    let milliseconds = max(0, (deadline - .now() + 999_999) / 1_000_000)
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, Int32(min(milliseconds, 10_000))) > 0
  }

  package func receive(_ descriptor: Int32) -> CANReception {
    var raw = csocketcan_frame()
    switch csocketcan_receive(descriptor, &raw) {
    case 0: return .nothing
    case 1:
      return .frame(
        CANRawFrame(
          identifier: raw.identifier, data: raw.data, byteCount: Int(raw.length),
          wallTime: raw.realtime > 0 ? WallTime(nanoseconds: raw.realtime) : nil,
          droppedCount: UInt64(raw.dropped)))
    default: return .failure(SystemErrno.current)
    }
  }
}
