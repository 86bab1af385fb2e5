import CANBus
import Quantities

/// A CAN interface whose states and frames a test decides; time stands still unless somebody waits.
final class ScriptedBus: CANKernel {
  var time = MonotonicTime(nanoseconds: 100_000_000_000)
  var interface = CANInterfaceState.up(index: 3)
  var refusal: SystemErrno?
  var received: [CANReception] = []
  private(set) var opened: [(index: UInt32, identifiers: [UInt32])] = []
  private(set) var closed: [Int32] = []
  private(set) var looks = 0

  func now() -> MonotonicTime { time }

  func wallNow() -> WallTime { WallTime(nanoseconds: time.nanoseconds + 1_700_000_000_000_000_000) }

  func sleep(until deadline: MonotonicTime) { time = max(time, deadline) }

  func look(at interface: String) -> CANInterfaceState {
    looks += 1
    return self.interface
  }

  func open(index: UInt32, identifiers: [UInt32]) throws(SystemErrno) -> Int32 {
    if let refusal { throw refusal }
    opened.append((index, identifiers))
    return Int32(opened.count + 10)
  }

  func close(_ descriptor: Int32) { closed.append(descriptor) }

  func wait(for descriptor: Int32, until deadline: MonotonicTime) -> Bool {
    if received.isEmpty { sleep(until: deadline) }
    return !received.isEmpty
  }

  func receive(_ descriptor: Int32) -> CANReception { received.isEmpty ? .nothing : received.removeFirst() }
}
