import CSocketCAN
import Glibc
import Platform
import Synchronization

/// The robot's side of the bus: a thread that sends a wheel frame and a gyroscope frame fifty times a second.
final class CANSender: Sendable {
  /// What it says, changed by the checks while it runs.
  struct Speech: Sendable {
    var speedMetersPerSecond = 1.5
    var yawRateRadiansPerSecond = -0.25
    var isSpeaking = true
    /// Says other numbers than the next one.
    var countsWrong = false
    /// Says that the controller is bus-off, as a driver would, before each frame of data, and sends no data.
    var isBusOff = false
  }

  static let interface = "vcan0"
  static let configuration = """
    [odometry]
    source = "can:\(interface)"
    [odometry.can]
    speed = "0x1A0 7|16@0+ (0.01,0) [0|300] km/h valid 32 counter 51|4@0"
    yaw_rate = "0x18FEF100 0|16@1- (0.001,0) rad/s"
    """

  private let speech = Mutex(Speech())
  private let stop = StopFlag()

  func change(_ body: @Sendable (inout Speech) -> Void) { speech.withLock { body(&$0) } }

  /// Runs until `end`; opens the interface again whenever sending fails.
  func run() {
    var descriptor: Int32 = -1
    var count: UInt64 = 0
    while !stop.isRaised {
      usleep(20_000)
      if descriptor < 0 { descriptor = Self.open() }
      guard descriptor >= 0 else { continue }
      let words = speech.withLock { $0 }
      guard words.isSpeaking else { continue }
      count &+= words.countsWrong ? 7 : 1
      if !Self.send(words, count: count, descriptor) {
        close(descriptor)
        descriptor = -1
      }
    }
    if descriptor >= 0 { close(descriptor) }
  }

  func end() { stop.raise() }

  private static func open() -> Int32 {
    var found = csocketcan_interface()
    guard csocketcan_look(interface, &found) == 0 else { return -1 }
    return csocketcan_open(found.index, [], 0)
  }

  private static func send(_ words: Speech, count: UInt64, _ descriptor: Int32) -> Bool {
    if words.isBusOff {
      return csocketcan_send(descriptor, csocketcan_error | csocketcan_error_bus_off, 0, 8) == 0
    }
    let speed = UInt64((words.speedMetersPerSecond * 360).rounded())
    // Big-endian in bytes 0 and 1, valid in bit 32, the counter in the lower half of byte 6: bits 51 to 48.
    let wheels = speed >> 8 | (speed & 0xFF) << 8 | 1 << 32 | (count & 0xF) << 48
    let yawRate = UInt64(UInt16(bitPattern: Int16((words.yawRateRadiansPerSecond * 1000).rounded())))
    return csocketcan_send(descriptor, 0x1A0, wheels, 8) == 0
      && csocketcan_send(descriptor, csocketcan_extended | 0x18FE_F100, yawRate, 2) == 0
  }
}
