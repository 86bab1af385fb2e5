/// From the network to the subscriber.
extension DiagnosticCode {
  static let network: [DiagnosticCode: Explanation] = [
    .modelOK: Explanation(.model, .ok, "the network keeps up."),
    .modelIdle: Explanation(.model, .off, "the network is loaded and has no frames to work on."),
    .modelFailed: Explanation(
      .model, .error, "no pipeline can be built for the frames that arrive.",
      do: "Set model.input_size = \"auto\" and check the configuration: `depthctl check --config FILE`."),
    .modelUnusable: Explanation(
      .model, .error, "the model that the configuration names cannot be loaded.",
      do: "The text names the file and what is wrong with it; copy the bundle again or name another."),
    .modelSlow: Explanation(
      .model, .warning, "far fewer frames are processed than arrive; latency stays low, the rate does not.",
      do: "A smaller model.input_size, more model.threads, or a lower camera rate; look at the temperature."),
    .modelHoles: Explanation(
      .model, .warning, "more than 5 % of the image lies in holes: depth far below the ground, taken away.",
      do: "A dark or mirroring thing near the camera, or a model trained without the infinite-depth filter."),
    .bankOff: Explanation(.bank, .off, "the model has no prior bank, or priors.bank is \"off\"."),
    .bankOK: Explanation(.bank, .ok, "the network looks its references up."),
    .bankFailed: Explanation(
      .bank, .error, "the prior bank cannot be used; the network runs without it.",
      do:
        "`depthctl bank verify FILE --model BUNDLE` checks it; put a sound one there or turn it off, and reload."
    ),
    .bankOutOfDomain: Explanation(
      .bank, .warning, "frames are unlike those that the prior bank was made for; depth is trusted less.",
      do: "Build a bank from this place's own drives (docs/training.md), or train on them."),
  ]

  static let odometryAndScale: [DiagnosticCode: Explanation] = [
    .odometryOK: Explanation(.odometry, .ok, "odometry is young enough to use."),
    .odometryOff: Explanation(
      .odometry, .off, "no odometry is configured.",
      do: "Name a publisher or a CAN bus in [odometry] source to have speed in every header."),
    .odometryIdle: Explanation(
      .odometry, .off, "the daemon has just started and waits for the first odometry."),
    .odometryMissing: Explanation(
      .odometry, .warning, "odometry is configured and has never arrived.",
      do:
        "Start the publisher that [odometry] source names; check host and port, or the bus and its identifiers."
    ),
    .odometryStale: Explanation(
      .odometry, .stale, "odometry has stopped: the last sample is older than odometry.max_age_ms.",
      do: "Look at the publisher, or the bus, and at the network between."),
    .odometryUnreadable: Explanation(
      .odometry, .warning, "messages arrive that are no odometry, or frames of the bus that cannot be used.",
      do: "The text says what is wrong with the last one; formats: docs/wire.md and docs/odometry.md."),
    .scaleOK: Explanation(.scale, .ok, "depth is in metres."),
    .scaleIdle: Explanation(.scale, .off, "there is no depth yet whose scale could be judged."),
    .scaleUnknown: Explanation(
      .scale, .warning, "depth is in the network's own unit; the metric topics are silent.",
      do:
        "Give odometry or the camera's height and drive, or set scale.constant: the true distance of a wall "
        + "divided by its published unscaled depth. `depthctl scale` says what is missing."),
    .scaleConverging: Explanation(
      .scale, .warning, "the scale is being learned and not good enough yet.", do: "Drive on."),
    .scaleHeld: Explanation(
      .scale, .warning, "the scale is kept from earlier and no longer confirmed.",
      do: "Nothing while the robot stands still; else look at odometry."),
    .scaleConflict: Explanation(
      .scale, .error,
      "two sources of scale disagree, or the camera's height with the one that images and odometry measure; it is "
        + "frozen.",
      do:
        "Slipping wheels, a ramp, or a camera that was moved: measure the camera's height and set it in the "
        + "calibration's mount (`depthctl calib mount`), check the odometry's metres, then `depthctl reload`."
    ),
    .scaleRestored: Explanation(
      .scale, .ok, "the scale that an earlier run has learned is taken up again, with more doubt."),
    .scaleRefused: Explanation(
      .scale, .warning,
      "a scale was stored that is not taken: damaged, absurd, too old, or of something else.",
      do: "Nothing: it is learned anew. The text says why."),
    .cameraMoved: Explanation(
      .scale, .warning,
      "remount? By images and odometry the ground has been tilted, nearer or farther for long: the camera seems to "
        + "have been moved.",
      do: "Fasten the camera and run `depthctl calib mount`; then `depthctl reload`."),
  ]

  static let publishing: [DiagnosticCode: Explanation] = [
    .publishOK: Explanation(.publish, .ok, "depth is published."),
    .publishIdle: Explanation(.publish, .off, "nothing has been published yet."),
    .publishStalled: Explanation(
      .publish, .error, "frames arrive and no depth has come of them for more than a second.",
      do: "systemd restarts a daemon that stays so; `journalctl -u depthd` says why frames fail."),
    .publishRefused: Explanation(
      .publish, .warning, "ZeroMQ refused messages lately.", do: "Look for memory and descriptor limits."),
    .publishPictures: Explanation(
      .publish, .warning, "previews or camera pictures could not be encoded lately.",
      do: "Depth is not affected. Set publish.preview_rate_hz = 0 if nobody needs them."),
  ]
}
