import CANSignals
import Configuration
import Testing

@Suite struct CANConfigurationTests {
  private static let source = "[odometry]\nsource = \"can:can0\"\n"
  private static let meters = "\"0x1A0 7|16@0+ (0.01,0) m/s\""

  @Test
  func `a bus with speed and yaw rate is read`() throws {
    let text =
      Self.source + """
        [odometry.can]
        speed = "0x1A0 7|16@0+ (0.01,0) [0|300] \\"km/h\\" valid 32 counter 51|4@0"
        yaw_rate = "0x18FEF100 0|16@1- (0.001,0) rad/s"
        """
    let odometry = try Configuration(toml: text, file: "config.toml").odometry
    #expect(odometry.source == .can(interface: "can0"))
    #expect(odometry.can.speed?.unit == .kilometersPerHour)
    #expect(odometry.can.speed?.counter?.length == 4)
    #expect(odometry.can.yawRate?.identifier.isExtended == true)
  }

  @Test(arguments: [
    ("", "2:10: odometry.can.speed is missing: a CAN bus needs speed and yaw_rate, or left and right"),
    (
      "speed = METERS",
      "4:9: odometry.can.yaw_rate is missing: without it turns are unknown; or give left and right"
    ),
    ("left = METERS", "4:8: odometry.can.right is missing beside left"),
    (
      "speed = METERS\nyaw_rate = METERS",
      "5:12: odometry.can.yaw_rate is in m/s; a yaw rate is in rad/s, deg/s or rpm"
    ),
    (
      "left = METERS\nright = METERS",
      "4:8: odometry.wheels.track_m is missing: odometry.can.left and right tell turns by it"
    ),
    (
      "speed = \"0x1A0 0|8@1+ (1,0) knots\"\nyaw_rate = \"0x1A0 8|8@1+ (1,0) rad/s\"",
      """
      4:9: odometry.can.speed has the unit "knots"; known are m/s, km/h, mph, rad/s, deg/s, rpm, ticks; it must be \
      "ID START|LENGTH@ORDER± (SCALE,OFFSET) [MIN|MAX] UNIT valid BIT counter START|LENGTH@ORDER"
      """
    ),
  ])
  func `signals that make no odometry are refused with what is missing`(_ signals: String, _ expected: String)
  {
    let text = Self.source + "[odometry.can]\n" + signals.replacing("METERS", with: Self.meters)
    #expect(problems(text) == [expected])
  }

  @Test
  func `ticks need radii, track and ticks per revolution`() {
    let text =
      Self.source + """
        [odometry.can]
        left = "0x0C1 0|16@1+ (1,0) ticks"
        right = "0x0C1 16|16@1+ (1,0) ticks"
        """
    let found = problems(text)
    for name in ["left_radius_m", "right_radius_m", "ticks_per_revolution", "track_m"] {
      #expect(found.contains { $0.contains("odometry.wheels.\(name) is missing") }, "\(found)")
    }
    let wheels = """

      [odometry.wheels]
      left_radius_m = 0.1
      right_radius_m = 0.1
      track_m = 0.5
      ticks_per_revolution = 4096
      """
    #expect(problems(text + wheels).isEmpty)
  }

  @Test(arguments: ["can:", "can:a-name-that-is-too-long", "can:can 0", "can:a/b", "can0"])
  func `what is no interface name is refused`(source: String) {
    #expect(problems("[odometry]\nsource = \"\(source)\"\n").count == 1)
  }

  @Test
  func `signals that no bus uses are left in peace`() {
    #expect(problems("[odometry.can]\nspeed = \(Self.meters)\n").isEmpty)
  }
}
