import CANBus
import CANSignals
import Glibc
import Platform
import Quantities
import Testing

@Suite struct CANLinkTests {
  private let bus = ScriptedBus()
  private let link: CANLink

  init() throws {
    link = CANLink(
      interface: "can7",
      identifiers: [
        try #require(CANIdentifier(text: "0x1A0")), try #require(CANIdentifier(text: "0x18FEF100")),
      ], kernel: bus)
  }

  private func next(seconds: Double = 0.2) -> CANLink.Outcome {
    link.next(until: bus.time + Int64(seconds * 1e9))
  }

  private func data(_ identifier: UInt32 = 0x1A0, age: Int64? = nil, dropped: UInt64 = 0) -> CANReception {
    let wall = age.map { WallTime(nanoseconds: bus.wallNow().nanoseconds - $0) }
    return .frame(
      CANRawFrame(identifier: identifier, data: 0x0201, byteCount: 2, wallTime: wall, droppedCount: dropped))
  }

  private func error(_ classes: UInt32, controller: UInt64 = 0) -> CANReception {
    .frame(CANRawFrame(identifier: 0x2000_0000 | classes, data: controller << 8, byteCount: 8))
  }

  @Test
  func `the socket is opened for the wanted identifiers only`() {
    #expect(next() == .changed)
    #expect(link.fault == nil)
    #expect(bus.opened.map(\.index) == [3])
    #expect(bus.opened.first?.identifiers == [0x1A0, 0x98FE_F100])
    #expect(next() == .timeout)
  }

  @Test
  func `a frame has its identifier, its bytes and the time the kernel received it`() throws {
    _ = next()
    bus.received = [data(age: 3_000_000), data(0x98FE_F100)]
    let first = CANFrame(
      identifier: try #require(CANIdentifier(text: "0x1A0")), bytes: [1, 2], time: bus.time + -3_000_000)
    #expect(next() == .frame(first))
    let second = CANFrame(
      identifier: try #require(CANIdentifier(text: "0x18FEF100")), bytes: [1, 2], time: bus.time)
    #expect(next() == .frame(second))
    #expect(link.counts.frames == 2)
  }

  @Test(arguments: [-5_000_000, 3_600_000_000_000] as [Int64])
  func `a real-time clock that was set in between does not reach the stamps`(age: Int64) {
    _ = next()
    bus.received = [data(age: age)]
    guard case .frame(let frame) = next() else {
      Issue.record("no frame")
      return
    }
    #expect(frame.time == bus.time)
  }

  @Test
  func `an interface that is not there yet is looked for once a second`() {
    bus.interface = .absent
    #expect(next() == .changed)
    #expect(link.fault == .absent(interface: "can7"))
    for _ in 0..<20 { #expect(next() == .timeout) }
    #expect((4...6).contains(bus.looks))
    bus.interface = .up(index: 9)
    #expect((0..<6).map { _ in next() }.filter { $0 == .changed }.count == 1)
    #expect(link.fault == nil)
    #expect(bus.opened.map(\.index) == [9])
  }

  @Test
  func `an interface that goes down and comes up is opened again`() {
    _ = next()
    bus.interface = .down
    bus.received = [.failure(SystemErrno(ENETDOWN))]
    #expect(next() == .changed)
    #expect(link.fault == .down(interface: "can7"))
    #expect(bus.closed == [11])
    for _ in 0..<10 { #expect(next() == .timeout) }
    bus.interface = .up(index: 3)
    for _ in 0..<6 { _ = next() }
    #expect(link.fault == nil)
    #expect(link.counts.openings == 2)
  }

  @Test
  func `an adapter that is unplugged without an error is noticed`() {
    _ = next()
    bus.interface = .absent
    for _ in 0..<6 { _ = next() }
    #expect(link.fault == .absent(interface: "can7"))
    #expect(bus.closed == [11])
  }

  @Test
  func `failures in a row do not make it busy`() {
    _ = next()
    bus.received = [.failure(SystemErrno(EIO))]
    #expect(next() == .changed)
    #expect(link.fault == .failed(interface: "can7", SystemErrno(EIO)))
    let start = bus.time
    bus.refusal = SystemErrno(EPERM)
    for _ in 0..<20 { _ = next() }
    #expect(bus.looks <= 6)
    #expect(bus.time - start >= 3_000_000_000)
    #expect(link.fault == .refused(interface: "can7", SystemErrno(EPERM)))
    #expect(link.fault?.description.contains("can_raw") == true)
  }

  @Test
  func `a network interface of another kind is refused by name`() {
    bus.interface = .notCAN
    #expect(next() == .changed)
    #expect(link.fault?.description.contains("can7 is a network interface and no CAN bus") == true)
  }

  @Test
  func `a controller that goes bus-off is told from silence and well again when it restarts`() {
    _ = next()
    bus.received = [error(0x40)]
    #expect(next() == .changed)
    #expect(link.fault == .busOff(interface: "can7"))
    #expect(link.counts.errors == 1)
    bus.received = [error(0x100)]
    #expect(next() == .changed)
    #expect(link.fault == nil)
  }

  @Test
  func `a bus-off controller is seen by its carrier too`() {
    bus.interface = .busOff(index: 3)
    #expect(next() == .changed)
    #expect(link.fault == .busOff(interface: "can7"))
    bus.interface = .up(index: 3)
    for _ in 0..<6 { _ = next() }
    #expect(link.fault == nil)
    #expect(link.counts.openings == 1)
  }

  @Test
  func `an error-passive controller is reported until data or its recovery come`() {
    _ = next()
    bus.received = [error(0x4, controller: 0x10)]
    #expect(next() == .changed)
    #expect(link.fault == .errorPassive(interface: "can7"))
    for _ in 0..<6 { _ = next() }
    #expect(link.fault == .errorPassive(interface: "can7"))
    bus.received = [error(0x4, controller: 0x40)]
    #expect(next() == .changed)
    #expect(link.fault == nil)
    bus.received = [error(0x4, controller: 0x20), data()]
    #expect(next() == .changed)
    _ = next()
    #expect(link.fault == nil)
    #expect(link.counts.frames == 1)
  }

  @Test
  func `frames that the socket lost are counted`() {
    _ = next()
    bus.received = [data(dropped: 0), data(dropped: 4), data(dropped: 4), data(dropped: 5)]
    for _ in 0..<4 { _ = next() }
    #expect(link.counts.dropped == 5)
  }

  @Test
  func `the socket is closed with the link`() {
    do {
      let other = CANLink(interface: "can8", identifiers: [], kernel: bus)
      _ = other.next(until: bus.time)
    }
    #expect(bus.closed.count == 1)
  }

  @Test
  func `this machine's own interfaces are told apart`() {
    let kernel = LinuxCANKernel()
    #expect(kernel.look(at: "no-such-can") == .absent)
    #expect(kernel.look(at: "a-name-that-is-far-too-long-for-one") == .absent)
    #expect([.notCAN, .absent].contains(kernel.look(at: "lo")))
  }
}
