extension ConfigurationKey {
  static let odometry: [ConfigurationKey] = [
    .text("odometry.source", \.odometry.source, .rebuild, "Where speed and yaw rate come from."),
    .integer(
      "odometry.max_age_ms", \.odometry.maxAgeMilliseconds, 1...60000, unit: "ms", .live,
      "Older odometry counts as none."),
    .number(
      "odometry.time_offset_ms", \.odometry.timeOffsetMilliseconds, -1000...1000, unit: "ms", .live,
      "Added to the stamps of odometry, to bring them to the camera's clock; positive when they are early."),
    .integer(
      "odometry.max_gap_ms", \.odometry.maxGapMilliseconds, 10...5000, unit: "ms", .live,
      "Over a longer pause between two samples no motion is computed."),
    .number(
      "odometry.max_speed_mps", \.odometry.maxSpeed, 0.1...100, unit: "m/s", .live,
      "Faster samples are not believed."),
    .number(
      "odometry.max_yaw_rate_rps", \.odometry.maxYawRate, 0.1...50, unit: "rad/s", .live,
      "Samples that turn faster are not believed."),
    .number(
      "odometry.max_acceleration_mps2", \.odometry.maxAcceleration, 0.5...1000, unit: "m/s2", .live,
      "A sample whose speed jumps by more is not believed, unless the next two agree with it."),
    .number(
      "odometry.speed_sigma", \.odometry.speedSigma, 0.001...1, .live,
      "Standard deviation of the speed, as a share of it."),
    .number(
      "odometry.encoder_step_m", \.odometry.encoderStepMeters, 0...1, unit: "m", .live,
      "Standard deviation of any distance: the step of the encoder."),
    .number(
      "odometry.time_sigma_ms", \.odometry.timeSigmaMilliseconds, 0...1000, unit: "ms", .live,
      "Standard deviation of the time between odometry and frames."),
    .canSignal(
      "odometry.can.speed", \.odometry.can.speed, .rebuild,
      "Speed of the body, or of the shaft that drives it (then with both radii)."),
    .canSignal(
      "odometry.can.yaw_rate", \.odometry.can.yawRate, .rebuild,
      "Yaw rate, positive to the left; goes before that of the wheels."),
    .canSignal("odometry.can.left", \.odometry.can.left, .rebuild, "Speed, or encoder, of the left wheel."),
    .canSignal(
      "odometry.can.right", \.odometry.can.right, .rebuild, "Speed, or encoder, of the right wheel."),
    .optionalNumber(
      "odometry.wheels.left_radius_m", \.odometry.wheels.leftRadiusMeters, 0.005...5, unit: "m", .rebuild,
      "Rolling radius of the left wheel."),
    .optionalNumber(
      "odometry.wheels.right_radius_m", \.odometry.wheels.rightRadiusMeters, 0.005...5, unit: "m", .rebuild,
      "Rolling radius of the right wheel."),
    .optionalNumber(
      "odometry.wheels.track_m", \.odometry.wheels.trackMeters, 0.01...20, unit: "m", .rebuild,
      "Distance between the two wheels' points of contact."),
    .optionalNumber(
      "odometry.wheels.ticks_per_revolution", \.odometry.wheels.ticksPerRevolution, 1...10_000_000, .rebuild,
      "Ticks of the encoder for one turn of the wheel, gear included."),
  ]
}
