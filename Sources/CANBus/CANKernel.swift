package import Quantities

/// The system calls a CAN link needs; the seam at which tests put a scripted bus.
package protocol CANKernel: AnyObject {
  func now() -> MonotonicTime
  /// CLOCK_REALTIME.
  func wallNow() -> WallTime
  func sleep(until deadline: MonotonicTime)
  func look(at interface: String) -> CANInterfaceState
  /// A socket on an interface for exactly these identifiers, in the kernel's form.
  func open(index: UInt32, identifiers: [UInt32]) throws(SystemErrno) -> Int32
  func close(_ descriptor: Int32)
  /// Waits until something can be fetched; false when the time is over.
  func wait(for descriptor: Int32, until deadline: MonotonicTime) -> Bool
  func receive(_ descriptor: Int32) -> CANReception
}

/// What the system says about an interface.
package enum CANInterfaceState: Equatable, Sendable {
  case absent
  case notCAN
  case down
  /// Up and without a carrier: the controller is bus-off.
  case busOff(index: UInt32)
  case up(index: UInt32)
}

/// What came from a socket.
package enum CANReception: Equatable, Sendable {
  case nothing
  case failure(SystemErrno)
  case frame(CANRawFrame)
}

/// A frame as the kernel hands it over.
package struct CANRawFrame: Equatable, Sendable {
  /// With the kernel's flags.
  package var identifier: UInt32
  package var data: UInt64
  package var byteCount: Int
  /// When the kernel received it; nil = not said.
  package var wallTime: WallTime?
  /// Frames the socket lost so far because nobody fetched them.
  package var droppedCount: UInt64

  package init(
    identifier: UInt32, data: UInt64, byteCount: Int, wallTime: WallTime? = nil, droppedCount: UInt64 = 0
  ) {
    self.identifier = identifier
    self.data = data
    self.byteCount = byteCount
    self.wallTime = wallTime
    self.droppedCount = droppedCount
  }
}
