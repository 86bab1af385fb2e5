import Foundation
import Testing
import WireFormat

@Suite struct JSONValueTests {
  private func parse(_ text: String) throws -> JSONValue {
    try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
  }

  @Test func `every kind of value is read`() throws {
    let value = try parse(
      " { \"a\" : [1, -2.5e3, 0, true, false, null], \"b\\n\\u00e9\\ud83d\\ude00\" : {\"c\":\"\\\"\\\\\\/\"} } "
    )
    #expect(
      value
        == .object([
          "a": .array([.number(1), .number(-2500), .number(0), .bool(true), .bool(false), .null]),
          "b\né😀": .object(["c": .string("\"\\/")]),
        ]))
  }

  @Test(arguments: [
    "", " ", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "-", "1.", "1e", "1e999", "tru", "\"a",
    "\"\\x\"", "\"\\ud83d\"", "\"\u{1}\"", "1 2", "{\"a\":1,\"a\":2}", "nul", "+1", ".5",
    String(repeating: "[", count: 100_000),
  ])
  func `what is not JSON is refused`(text: String) {
    #expect(throws: WireFormatError.self) { try parse(text) }
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    #expect(throws: WireFormatError.self) {
      try ([0x22, 0xFF, 0x22] as [UInt8]).withUnsafeBytes { try JSONValue(parsing: $0) }
    }
  }

  @Test func `every damaged document is refused or read, never a crash`() throws {
    let text = Array("{\"request\":\"status\",\"x\":[1,2.5,{\"y\":\"\\u00e9\"}],\"z\":null}".utf8)
    for index in text.indices {
      for byte in [0, 0x22, 0x5C, 0x7B, 0x7D, 0xFF] as [UInt8] {
        var damaged = text
        damaged[index] = byte
        _ = try? damaged.withUnsafeBytes { try JSONValue(parsing: $0) }
        _ = try? damaged[..<index].withUnsafeBytes { try JSONValue(parsing: $0) }
      }
    }
  }
}
