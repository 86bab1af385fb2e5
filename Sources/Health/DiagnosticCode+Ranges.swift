/// Range points: where they come from and what keeps them from counting.
extension DiagnosticCode {
  static let ranges: [DiagnosticCode: Explanation] = [
    .sparseOK: Explanation(.sparse, .ok, "range points arrive and lie in the image."),
    .sparseOff: Explanation(
      .sparse, .off,
      "no range points are configured, or the source has none; depth is predicted from the image."),
    .sparseIdle: Explanation(
      .sparse, .off, "the daemon has just started and waits for the first range points."),
    .sparseMissing: Explanation(
      .sparse, .warning,
      "range points are configured and have never arrived; depth is predicted from the image.",
      do: "Start the publisher that [sparse] source names; check host, port and sparse.topic."),
    .sparseStale: Explanation(
      .sparse, .stale, "a sensor's range points have stopped; depth goes on without them.",
      do: "Look at the sensor, its publisher and the network between."),
    .sparseLate: Explanation(
      .sparse, .warning,
      "range points arrive, but too late for the frames they belong to, or for frames too far from them in time.",
      do: "Send sooner or more often, state the sensor's time_offset_ms, or raise sparse.max_age_ms."),
    .sparseFew: Explanation(
      .sparse, .warning, "too few range points lie in the image; depth is predicted from the image.",
      do:
        "The text says what became of the others. All outside: check the sensor's place in the calibration file."
    ),
    .sparseUnreadable: Explanation(
      .sparse, .warning, "messages arrive that are no range points, are cut off, or lie about their length.",
      do: "The text says what is wrong with the last one; the form is in docs/wire.md, \"Range points\"."),
    .sparseBroken: Explanation(
      .sparse, .warning, "most of the points that arrive are not numbers, or endless.",
      do: "Look at the sensor's driver; directions without a return may be sent so, but are better left out."),
    .sparseUnknownFrame: Explanation(
      .sparse, .error, "range points arrive in a frame that the camera's calibration does not state.",
      do:
        "Correct the sender's frame, or add it to `sensors` in the calibration file (calib/README.md); then "
        + "`depthctl reload`."),
    .sparseNoExtrinsics: Explanation(
      .sparse, .error, "range points arrive, and nothing says where their sensor sits.",
      do: "Add `sensors` to the camera's calibration file (calib/README.md); then `depthctl reload`."),
    .sparseClock: Explanation(
      .sparse, .error, "range points are stamped in the future, or so long ago that they belong to no frame.",
      do: "Synchronise the sender's clock, send without delay, or state the sensor's time_offset_ms."),
    .sparseNoMotion: Explanation(
      .sparse, .warning, "range points are too old to be used where they are, and odometry cannot move them.",
      do:
        "Give odometry, or send points closer to the frames; sparse.max_age_without_odometry_ms is the limit."
    ),
  ]
}
