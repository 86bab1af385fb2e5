import Scale

extension ConfigurationKey {
  /// The scale: a constant, or the filter, lock, slip, conflict and mount watch that learn it.
  static let scale: [ConfigurationKey] = [
    .optionalNumber(
      "scale.constant", \.scale.constant, 0.0001...10000, unit: "m per unit of network depth", .live,
      "Known scale; makes the metric topics speak. Absent = not known."),
    .number(
      "scale.constant_sigma", \.scale.constantSigma, 0.001...1, .live,
      "Relative standard deviation of the constant (of its logarithm)."),
    .number(
      "scale.frame_sigma", \.scale.learning.filter.frameSigma, 0.005...0.5, .live,
      "Scatter of the network's own scale from frame to frame, of the logarithm, until observations have shown it."
    ),
    .number(
      "scale.correlation_s", \.scale.learning.filter.correlationSeconds, 0.01...60, unit: "s", .live,
      "How long that scatter stays alike."),
    .number(
      "scale.variance_per_m", \.scale.learning.filter.varianceAddedPerMeter, 0...0.01, unit: "1/m", .live,
      "Variance that each metre of travel adds to what is known."),
    .number(
      "scale.gate_sigmas", \.scale.learning.filter.gateSigmas, 1...100, unit: "sigma", .live,
      "Observations farther off than this are not used."),
    .number(
      "scale.huber_sigmas", \.scale.learning.filter.huberSigmas, 0.1...100, unit: "sigma", .live,
      "Observations farther off than this count less."),
    .number(
      "scale.least_sigma", \.scale.learning.filter.leastSigma, 0.0001...0.1, .live,
      "The scale is never believed more than this."),
    .number(
      "scale.largest_factor", \.scale.learning.filter.largestFactor, 1.01...1000, .live,
      "Farthest the scale may be from the model's own, as a factor."),
    .integer(
      "scale.restart_count", \.scale.learning.filter.restartCount, 5...10000, unit: "observations", .live,
      "Outliers in a row, agreeing with each other, after which learning starts anew."),
    .number(
      "scale.restart_deviation", \.scale.learning.filter.restartDeviation, 0.001...1, .live,
      "How well they must agree (median deviation)."),
    .number(
      "scale.restart_sigma", \.scale.learning.filter.restartSigma, 0.01...2, .live,
      "How little is known then."),
    .number(
      "scale.initial_sigma", \.scale.learning.filter.leastInitialSigma, 0.001...2, .live,
      "How well a model's own scale is believed at the start, at best."),
    .number(
      "scale.lock_sigma", \.scale.learning.lock.sigma, 0.005...0.5, .live,
      "How well the scale must be known to be called metres."),
    .number(
      "scale.lock_after_s", \.scale.learning.lock.afterSeconds, 0.1...3600, unit: "s", .live,
      "Motion that observations must cover before that."),
    .number(
      "scale.lock_spread", \.scale.learning.lock.largestSpread, 0.001...1, .live,
      "How far the estimate may wander over the last blocks."),
    .number(
      "scale.block_s", \.scale.learning.lock.blockSeconds, 0.1...600, unit: "s", .live,
      "Motion in one block; the last five are looked at."),
    .number(
      "scale.hold_after_s", \.scale.learning.lock.holdAfterSeconds, 1...86400, unit: "s", .live,
      "Without an observation for so long a locked scale is held."),
    .number(
      "scale.hold_after_m", \.scale.learning.lock.holdAfterMeters, 0.1...100000, unit: "m", .live,
      "The same after so much travel."),
    .number(
      "scale.slew_per_s", \.scale.learning.lock.slewPerSecond, 0.0001...10, unit: "1/s", .live,
      "Fastest change of a metric scale that consumers see, of the logarithm."),
    .number(
      "scale.slip_yaw_rate", \.scale.learning.slip.yawRateDifference, 0.001...10, unit: "rad/s", .live,
      "Wheels slip when their yaw rate differs from another by more than this."),
    .number(
      "scale.slip_yaw_share", \.scale.learning.slip.yawRateShare, 0...10, .live,
      "And by more than this share of it."),
    .integer(
      "scale.slip_yaw_count", \.scale.learning.slip.yawRateCount, 1...1000, unit: "frames", .live,
      "For so many frames."),
    .number(
      "scale.slip_acceleration", \.scale.learning.slip.largestAcceleration, 0.1...1000, unit: "m/s2", .live,
      "Wheels slip when their speed changes faster."),
    .number(
      "scale.slip_static_share", \.scale.learning.slip.staticShare, 0.1...1, .live,
      "Wheels turn on the spot when this share of the image stands still."),
    .integer(
      "scale.slip_static_count", \.scale.learning.slip.staticCount, 1...1000, unit: "frames", .live,
      "For so many frames."),
    .number(
      "scale.slip_innovation_sigmas", \.scale.learning.slip.innovationSigmas, 0.5...100, unit: "sigma", .live,
      "Observations so far too high count as a sign of slip while yaw rates differ."),
    .integer(
      "scale.slip_innovation_count", \.scale.learning.slip.innovationCount, 1...1000, unit: "observations",
      .live,
      "For so many in a row."),
    .number(
      "scale.slip_block_s", \.scale.learning.slip.blockSeconds, 0...600, unit: "s", .live,
      "How long wheels are not believed after a sign of slip."),
    .number(
      "scale.slip_jump_s", \.scale.learning.slip.jumpSeconds, 0...600, unit: "s", .live,
      "After a jump of their speed: until it jumps back, at most so long."),
    .number(
      "scale.standing_speed", \.scale.learning.slip.standingSpeed, 0...10, unit: "m/s", .live,
      "Slower than this the robot stands, and nothing is learned."),
    .number(
      "scale.standing_s", \.scale.learning.slip.standingSeconds, 0...60, unit: "s", .live, "For so long."),
    .number(
      "scale.warn_sigmas", \.scale.learning.conflict.warnSigmas, 0.1...100, unit: "sigma", .live,
      "Two sources differ notably from here."),
    .number(
      "scale.warn_difference", \.scale.learning.conflict.warnDifference, 0.001...10, .live,
      "Or from here, of the logarithm."),
    .number(
      "scale.warn_s", \.scale.learning.conflict.warnSeconds, 0...3600, unit: "s", .live,
      "For so long, before it is told."),
    .number(
      "scale.conflict_sigmas", \.scale.learning.conflict.conflictSigmas, 0.1...100, unit: "sigma", .live,
      "Two sources contradict each other from here."),
    .number(
      "scale.conflict_difference", \.scale.learning.conflict.conflictDifference, 0.001...10, .live,
      "And from here, of the logarithm."),
    .number(
      "scale.conflict_s", \.scale.learning.conflict.conflictSeconds, 0...3600, unit: "s", .live,
      "For so long, before the scale is frozen, and again before it is not."),
    .number(
      "scale.opinion_memory_s", \.scale.learning.conflict.memorySeconds, 0.1...600, unit: "s", .live,
      "A source's word is the mean over about this long."),
    .number(
      "scale.opinion_forget_s", \.scale.learning.conflict.forgetSeconds, 0.1...3600, unit: "s", .live,
      "A source that is silent for so long is not heard."),
    .number(
      "scale.opinion_sigma", \.scale.learning.conflict.leastSigma, 0.001...1, .live,
      "Least spread of a source's word."),
    .number(
      "scale.height_difference", \.scale.learning.conflict.heightDifference, 0.01...10, .live,
      "The configured camera height and the one that images and odometry measure contradict each other from here, of "
        + "the logarithm."),
    .number(
      "scale.height_sigmas", \.scale.learning.conflict.heightSigmas, 0.1...100, unit: "sigma", .live,
      "And from here."),
    .number(
      "scale.height_s", \.scale.learning.conflict.heightSeconds, 0...3600, unit: "s", .live,
      "For so long, before the scale is frozen, and again before it is not."),
    .number(
      "scale.height_memory_s", \.scale.learning.conflict.heightMemorySeconds, 1...600, unit: "s", .live,
      "The measured height is the median over this long."),
    .number(
      "scale.moved_pitch_deg", \.scale.learning.moved.pitchDegrees, 0.1...90, unit: "deg", .live,
      "The camera was moved when the ground moves as if tilted by more."),
    .number(
      "scale.moved_height_share", \.scale.learning.moved.heightShare, 0.01...10, .live,
      "Or its height seems to have changed by more than this share."),
    .number(
      "scale.moved_s", \.scale.learning.moved.seconds, 0...3600, unit: "s", .live, "For so much driving."),
  ]
}
