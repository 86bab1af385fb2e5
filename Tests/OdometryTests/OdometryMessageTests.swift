import Odometry
import Quantities
import Testing

@Suite struct OdometryMessageTests {
  private func parse(_ text: String, offset: Int64 = 0) throws(OdometryError) -> OdometryMessage {
    try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(OdometryError) in
      try OdometryMessage(parsing: UnsafeRawBufferPointer(bytes), monotonicFromRealtime: offset)
    }
  }

  private func message(
    stamp: String = #"{"sec":12,"nsec":345000000}"#, clock: String = #""monotonic""#,
    linear: String = "[1.25,0,0]", angular: String = "[0,0,-0.5]", more: String = ""
  ) -> String {
    #"{"stamp":\#(stamp),"clock":\#(clock),"linear":\#(linear),"angular":\#(angular)\#(more)}"#
  }

  @Test
  func `a complete message is read`() throws {
    let covariance = (0..<36).map { $0 == 0 ? "0.04" : $0 == 35 ? "0.01" : "0" }.joined(separator: ",")
    let message = try parse(message(more: #","frame":"base_link","seq":7,"cov":[\#(covariance)]"#))
    #expect(message.sample.time == MonotonicTime(nanoseconds: 12_345_000_000))
    #expect(message.sample.speedMetersPerSecond == 1.25)
    #expect(message.sample.yawRateRadiansPerSecond == -0.5)
    #expect(message.frame == "base_link")
    #expect(message.sequence == 7)
    #expect(message.speedVariance == 0.04)
    #expect(message.yawRateVariance == 0.01)
  }

  @Test
  func `a realtime stamp is moved onto the monotonic clock`() throws {
    let message = try parse(message(clock: #""realtime""#), offset: -2_000_000_000)
    #expect(message.sample.time == MonotonicTime(nanoseconds: 10_345_000_000))
  }

  @Test(arguments: ["stamp", "clock", "linear", "angular"])
  func `a missing field is named`(field: String) {
    let text = message().replacing("\"\(field)\"", with: "\"other\"")
    #expect(throws: OdometryError.missingField(field)) { try parse(text) }
  }

  @Test
  func `half a stamp is not a stamp`() {
    #expect(throws: OdometryError.missingField("stamp.nsec")) { try parse(message(stamp: #"{"sec":1}"#)) }
    #expect(throws: OdometryError.missingField("stamp.sec")) { try parse(message(stamp: #"{"nsec":1}"#)) }
    #expect(throws: OdometryError.wrongType(field: "stamp.sec", wanted: "a whole number from 0")) {
      try parse(message(stamp: #"{"sec":1.5,"nsec":0}"#))
    }
  }

  @Test(arguments: ["NaN", "Infinity", "1e999", "nan"])
  func `what is not a number is refused`(value: String) {
    #expect {
      try parse(message(linear: "[\(value),0,0]"))
    } throws: { error in
      guard case .malformed? = error as? OdometryError else { return false }
      return "\(error)".contains("NaN")
    }
  }

  @Test
  func `null or a short vector is refused`() {
    #expect(throws: OdometryError.wrongType(field: "linear", wanted: "3 numbers")) {
      try parse(message(linear: "[null,0,0]"))
    }
    #expect(throws: OdometryError.wrongType(field: "angular", wanted: "3 numbers")) {
      try parse(message(angular: "[0,0]"))
    }
  }

  @Test
  func `an unknown clock is named`() {
    #expect(throws: OdometryError.wrongClock("gps")) { try parse(message(clock: #""gps""#)) }
  }

  @Test
  func `a speed in millimetres per second is not believed`() {
    #expect(throws: OdometryError.implausible(field: "linear[0]", value: 1250, limit: 100)) {
      try parse(message(linear: "[1250,0,0]"))
    }
  }

  @Test
  func `text that is no JSON is refused`() {
    #expect(throws: OdometryError.self) { try parse("") }
    #expect(throws: OdometryError.self) { try parse("{\"stamp\":") }
    #expect(throws: OdometryError.missingField("stamp")) { try parse("[1,2,3]") }
  }
}
