import Foundation
import Testing
import WireFormat

@Suite struct ByteWriterTests {
  private func number(_ value: Double) -> String {
    var writer = ByteWriter(capacity: 1)
    writer.beginObject()
    writer.field("x", value)
    writer.endObject()
    return String(String(decoding: writer.bytes, as: UTF8.self).dropFirst(5).dropLast())
  }

  @Test(arguments: [
    (0.0, "0"), (-0.0, "-0"), (1, "1"), (-17, "-17"), (0.5, "0.5"), (0.1, "0.1"), (-0.001, "-0.001"),
    (1.031, "1.031"), (415.25, "415.25"), (1e14, "100000000000000"), (999_999.999_999, "999999.999999"),
    (0.999_999_999_999_9, "1"), (0.000_001, "0.000001"), (1.5e-9, "1.5e-9"), (2.5e20, "2.5e20"),
  ])
  func `numbers are short and exact`(value: Double, text: String) {
    #expect(number(value) == text || (value == 0 && number(value) == "0"))
  }

  @Test func `every float survives the way to text and back`() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator))
      guard value.isFinite, value.magnitude > 1e-30 else { continue }
      let text = number(Double(value))
      #expect(Float(text) == value, "\(value) became \(text)")
    }
  }

  @Test func `whole numbers keep all digits`() {
    var writer = ByteWriter()
    writer.beginObject()
    writer.field("a", Int64.min)
    writer.field("b", UInt64.max)
    writer.field("t", nanoseconds: -1)
    writer.endObject()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == "{\"a\":-9223372036854775808,\"b\":18446744073709551615,\"t\":{\"sec\":-1,\"nsec\":999999999}}")
  }

  @Test func `growing keeps what was written`() {
    var writer = ByteWriter(capacity: 64)
    for index in 0..<10_000 { writer.append(UInt8(truncatingIfNeeded: index)) }
    #expect(writer.count == 10_000)
    #expect(writer.bytes.enumerated().allSatisfy { $0.element == UInt8(truncatingIfNeeded: $0.offset) })
    writer.clear()
    #expect(writer.count == 0)
  }
}
