import CANSignals
import Quantities
import TestSupport
import Testing

private let identifier: CANIdentifier = {
  guard let identifier = CANIdentifier(0x1A0) else { preconditionFailure("0x1A0 is an identifier") }
  return identifier
}()

private func frame(_ bytes: [UInt8]) -> CANFrame {
  CANFrame(identifier: identifier, bytes: bytes, time: MonotonicTime(nanoseconds: 5))
}

/// Bit by bit, as the DBC documentation describes the two orders.
private func naive(_ field: CANBitField, _ bytes: [UInt8]) -> UInt64 {
  var value: UInt64 = 0
  var place = field.start
  for index in 0..<field.length {
    let bit = UInt64(bytes[place / 8] >> UInt8(place % 8) & 1)
    switch field.byteOrder {
    case .intel:
      value |= bit << UInt64(index)
      place += 1
    case .motorola:
      value = value << 1 | bit
      place = place % 8 == 0 ? place + 15 : place - 1
    }
  }
  return value
}

@Suite struct CANBitFieldTests {
  @Test
  func `every field of a frame is read as bit by bit`() throws {
    var random = SeededGenerator(seed: 3)
    var count = 0
    for start in 0..<64 {
      for length in 1...64 {
        for order in [CANBitField.ByteOrder.intel, .motorola] {
          guard let field = CANBitField(start: start, length: length, byteOrder: order) else { continue }
          let bytes = (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
          #expect(field.raw(in: frame(bytes)) == naive(field, bytes))
          count += 1
        }
      }
    }
    #expect(count == 2 * 64 * 65 / 2)
  }

  @Test(arguments: cantoolsVectors.indices)
  func `random signals are read as cantools reads them`(index: Int) throws {
    let (place, factor, bytes, value) = cantoolsVectors[index]
    let signal = try CANSignal(text: "0x1A0 \(place) \(factor) m/s")
    guard case .value(let read, _) = signal.read(frame(bytes)) else {
      Issue.record("not read")
      return
    }
    #expect(abs(read - value) <= 1e-12 * max(1, abs(value)))
  }

  @Test
  func `a field beyond the frame does not exist`() {
    #expect(CANBitField(start: 60, length: 5, byteOrder: .intel) == nil)
    #expect(CANBitField(start: 56, length: 2, byteOrder: .motorola) == nil)
    #expect(CANBitField(start: 0, length: 0, byteOrder: .intel) == nil)
    #expect(CANBitField(start: 64, length: 1, byteOrder: .intel) == nil)
    #expect(CANBitField(start: 7, length: 64, byteOrder: .motorola) != nil)
  }

  @Test(arguments: [("15|16@0+", 3), ("7|16@0+", 2), ("16|8@1+", 3), ("0|9@1+", 2)])
  func `a frame too short for the field is not read`(place: String, bytes: Int) throws {
    let signal = try CANSignal(text: "0x1A0 \(place) (1,0) m/s")
    #expect(signal.field.byteCount == bytes)
    #expect(signal.read(frame([UInt8](repeating: 1, count: bytes - 1))) == .tooShort)
    #expect(signal.read(frame([UInt8](repeating: 1, count: bytes))) != .tooShort)
  }
}

@Suite struct CANSignalTests {
  @Test(arguments: [
    ("m/s", 1.0), ("km/h", 1 / 3.6), ("mph", 0.44704), ("rpm", 0.10471975511965977),
    ("deg/s", 0.017453292519943295), ("rad/s", 1.0), ("kph", 1 / 3.6), ("\"km/h\"", 1 / 3.6),
  ])
  func `values come in metres or radians per second`(unit: String, factor: Double) throws {
    let signal = try CANSignal(text: "0x1A0 0|16@1- (0.1,5) \(unit)")
    // -20 * 0.1 + 5 = 3.
    guard case .value(let value, let raw) = signal.read(frame([0xEC, 0xFF])) else {
      Issue.record("not read")
      return
    }
    #expect(raw == 0xFFEC)
    #expect(abs(value - 3 * factor) < 1e-12)
  }

  @Test
  func `a value that the sender flags or that lies outside is none`() throws {
    let signal = try CANSignal(text: "0x1A0 0|16@1+ (0.01,0) [0|300] km/h valid 16")
    #expect(signal.read(frame([0x10, 0x27, 0x00])) == .flaggedInvalid)
    #expect(signal.read(frame([0x10, 0x27, 0x01])) == .value(100 / 3.6, raw: 10_000))
    // Signal not available.
    #expect(signal.read(frame([0xFF, 0xFF, 0x01])) == .outOfRange(655.35))
    let inverted = try CANSignal(text: "0x1A0 0|16@1+ (0.01,0) km/h valid 16=0")
    #expect(inverted.read(frame([0x10, 0x27, 0x01])) == .flaggedInvalid)
    #expect(inverted.read(frame([0x10, 0x27])) == .tooShort)
  }

  @Test(arguments: [
    "0x1A0 7|16@0+ (0.01,0.0) km/h", "0x18FEF100 0|12@1- (1.0,-5.0) [-3.0|3.5] rpm",
    "0x001 3|4@1+ (1.0,0.0) ticks valid 40 counter 51|4@0",
    "0x0000001A 3|4@1+ (1.0,0.0) deg/s valid 40=0",
  ])
  func `a signal is written as it is read`(text: String) throws {
    #expect(try CANSignal(text: text).description == text)
  }

  @Test(arguments: [
    ("", "identifier"), ("1A0 0|8@1+ (1,0) m/s", "0x and three"), ("0x800 0|8@1+ (1,0) m/s", "0x7FF"),
    ("0x1A0", "START|LENGTH"), ("0x1A0 0|8@1 (1,0) m/s", "must end in +"),
    ("0x1A0 0|8@2+ (1,0) m/s", "Motorola"), ("0x1A0 60|8@1+ (1,0) m/s", "beyond the 64 bits"),
    ("0x1A0 0|8@1+ (0,0) m/s", "scale 0"), ("0x1A0 0|8@1+ 1,0 m/s", "(SCALE,OFFSET)"),
    ("0x1A0 0|8@1+ (1, 0) m/s", "without spaces"), ("0x1A0 0|8@1+ (1,nan) m/s", "(SCALE,OFFSET)"),
    ("0x1A0 0|8@1+ (1,0) [3|1] m/s", "before its start"), ("0x1A0 0|8@1+ (1,0)", "lacks the unit"),
    ("0x1A0 0|8@1+ (1,0) knots", "known are m/s"), ("0x1A0 0|8@1+ (1,0) m/s valid", "lacks the bit"),
    ("0x1A0 0|8@1+ (1,0) m/s valid 70", "from 0 to 63"),
    ("0x1A0 0|8@1+ (1,0) m/s counter 70", "START|LENGTH@1"),
    ("0x1A0 0|8@1+ (1,0) m/s Vector__XXX", "only \"valid\" or \"counter\""),
  ])
  func `a text that is no signal says what is wrong`(text: String, words: String) {
    let error = #expect(throws: CANSignalTextError.self) { _ = try CANSignal(text: text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test
  func `the same number is two identifiers in the two lengths`() throws {
    let short = try #require(CANIdentifier(text: "0x01A"))
    let long = try #require(CANIdentifier(text: "0x0000001A"))
    #expect(short != long && short.value == long.value)
    #expect(CANIdentifier(text: "0x1FFFFFFF") != nil)
    #expect(CANIdentifier(text: "0x20000000") == nil)
    #expect(CANIdentifier(text: "0x12345") == nil)
  }
}

@Suite struct CANCounterWatchTests {
  @Test
  func `counting on, also past the end, is in order`() {
    var watch = CANCounterWatch(bits: 4)
    for count in [13, 14, 15, 0, 1] as [UInt64] { #expect(watch.check(count) == .inOrder(missing: 0)) }
  }

  @Test
  func `a lost frame is counted, a far step is not believed and counting goes on from there`() {
    var watch = CANCounterWatch(bits: 4)
    #expect(watch.check(14) == .inOrder(missing: 0))
    #expect(watch.check(0) == .inOrder(missing: 1))
    #expect(watch.check(8) == .jumped)
    #expect(watch.check(9) == .inOrder(missing: 0))
    #expect(watch.check(8) == .jumped)
  }

  @Test
  func `a counter that stands still is a sender that hangs`() {
    var watch = CANCounterWatch(bits: 8)
    #expect(watch.check(7) == .inOrder(missing: 0))
    #expect(watch.check(7) == .repeated)
    #expect(watch.check(8) == .inOrder(missing: 0))
  }

  @Test
  func `short and long counters work`() {
    var bit = CANCounterWatch(bits: 1)
    #expect(
      [0, 1, 0].map { bit.check($0) } == [.inOrder(missing: 0), .inOrder(missing: 0), .inOrder(missing: 0)])
    #expect(bit.check(0) == .repeated)
    var long = CANCounterWatch(bits: 64)
    #expect(long.check(.max) == .inOrder(missing: 0))
    #expect(long.check(0) == .inOrder(missing: 0))
  }
}
