extension ConfigurationKey {
  /// Every key, in the order of the file and of the reference.
  public static let all: [ConfigurationKey] =
    [
      .integer(
        "schema_version", \.schemaVersion, Configuration.schemaVersion...Configuration.schemaVersion,
        .restart,
        "Layout of this file.")
    ] + camera + sources + network + priors + exchange + preprocessing + depth + scale + scaleObservers
    + odometry + sparse + publish + process

  /// The tables, in order, each with its heading.
  public static let tables: [(name: String, documentation: String)] = [
    ("camera", "The camera and what is known about it."),
    (
      "camera.controls", "V4L2 controls set after every opening of the camera, for example exposure_auto = 1."
    ),
    ("drive", "How a recording is replayed (camera.source = \"drive:PATH\")."),
    ("simulation", "The built-in simulator (camera.source = \"sim:WORLD\")."),
    ("model", "The network."),
    ("priors", "The prior bank: references that the network looks up (docs/bundle.md)."),
    (
      "exchange",
      "When a reload or `depthctl model exchange` may put a new model in the place of the running one (docs/reload.md)."
    ),
    ("preprocessing", "How the image is brought to the network's shape."),
    ("depth", "What is published as depth."),
    ("scale", "Metric scale: a constant, or how it is learned from motion (docs/scale.md)."),
    ("odometry", "Speed and yaw rate of the robot."),
    (
      "odometry.can",
      """
      Signals of a CAN bus (odometry.source = "can:INTERFACE"): speed and yaw_rate, or left and right. See \
      docs/odometry.md.
      """
    ),
    ("odometry.wheels", "The wheels behind odometry.can.left and odometry.can.right."),
    (
      "sparse",
      "Range points of other sensors, to complete depth and to scale it (docs/wire.md, \"Range points\")."
    ),
    ("publish", "Where and what subscribers get."),
    ("state", "What is learned while running."),
    ("reload", "Reload without being asked."),
    ("log", "Log lines."),
  ]

  private static let camera: [ConfigurationKey] = [
    .topicName("camera.name", \.camera.name, .restart, "Name of the camera in topics and status."),
    .name(
      "camera.frame_id", \.camera.frameID, .rebuild, "Frame of all published data (REP 103: ends in optical)."
    ),
    .text("camera.source", \.camera.source, .rebuild, "Where frames come from."),
    .integer("camera.width", \.camera.width, 16...7680, unit: "px", .rebuild, "Width asked of the camera."),
    .integer(
      "camera.height", \.camera.height, 16...4320, unit: "px", .rebuild, "Height asked of the camera."),
    .number(
      "camera.rate_hz", \.camera.rateHz, 0.1...240, unit: "Hz", .rebuild, "Frame rate asked of the camera."),
    .text("camera.format", \.camera.format, .rebuild, "Pixel format asked of a V4L2 camera."),
    .path(
      "camera.calibration", \.camera.calibration, mayBeEmpty: true, .rebuild,
      "Calibration file (ROS camera_info, Kalibr chain); empty: what a recording or the simulator says."),
    .integer(
      "camera.discard_first_frames", \.camera.discardFirstFrames, 0...1000, unit: "frames", .rebuild,
      "Frames dropped after every opening, while exposure settles."),
    .integer(
      "camera.time_offset_us", \.camera.timeOffsetMicroseconds, -1_000_000...1_000_000, unit: "us", .rebuild,
      "Added to capture times, to bring them to the odometry's clock."),
    .boolean(
      "camera.accept_any_camera", \.camera.acceptAnyCamera, .rebuild,
      "Whether another camera may take the place of the one that went away."),
    .integerTable(
      "camera.controls", \.camera.controls, .rebuild,
      "V4L2 controls by name, set after every opening of the camera."),
  ]

  private static let sources: [ConfigurationKey] = [
    .boolean("drive.loop", \.drive.loop, .rebuild, "Whether the recording starts again at its end."),
    .choice("drive.pace", \.drive.pace, .rebuild, "Whether frames come when they were recorded or at once."),
    .integer(
      "simulation.seed", \.simulation.seed, 0...2_147_483_647, .rebuild, "Number that decides all chance."),
    .number(
      "simulation.rate_hz", \.simulation.rateHz, 0.1...240, unit: "Hz", .rebuild,
      "Frame rate of the simulator."),
    .boolean(
      "simulation.distortion", \.simulation.distortion, .rebuild,
      "Whether the simulated lens bends the image (as calib/sim-distorted.yaml says) or not (calib/sim.yaml)."
    ),
    .boolean(
      "simulation.exposure_changes", \.simulation.exposureChanges, .rebuild,
      "Whether the brightness of the image drifts and jumps."),
    .boolean(
      "simulation.odometry_noise", \.simulation.odometryNoise, .rebuild,
      "Whether simulated odometry has the noise and steps of a wheel encoder."),
    .integer(
      "simulation.range_beams", \.simulation.rangeBeams, 0...128, unit: "beams", .rebuild,
      "Beams of a simulated range sensor at the camera; 0 = none."),
    .integer(
      "simulation.range_points", \.simulation.rangePoints, 0...20_000, unit: "points", .rebuild,
      "Random points that it measures besides."),
    .integer(
      "simulation.range_corners", \.simulation.rangeCorners, 0...20_000, unit: "points", .rebuild,
      "Corners of the image that it measures besides, as visual odometry would."),
    .boolean(
      "simulation.range_half_blind", \.simulation.rangeHalfBlind, .rebuild,
      "Whether it measures in the left half of the image alone."),
    .number(
      "simulation.range_sigma", \.simulation.rangeSigma, 0...1, .rebuild,
      "Standard deviation of what it measures, as a share of it."),
    .number(
      "simulation.range_outliers", \.simulation.rangeOutliers, 0...1, .rebuild,
      "Share of what it measures that is wrong altogether."),
  ]

  private static let network: [ConfigurationKey] = [
    .path(
      "model.path", \.model.path, mayBeEmpty: false, .rebuild,
      "Model bundle (a folder) or a single ONNX file."),
    .text(
      "model.input_size", \.model.inputSize, .rebuild,
      "Input size of the network; auto is the trained size of the shape nearest to the image's."),
    .integer(
      "model.threads", \.model.threads, 0...256, unit: "threads", .rebuild,
      "Threads of the network; 0 = one for each core."),
    .integers(
      "model.pinned_cores", \.model.pinnedCores, 0...1023, .rebuild,
      "Cores the network's threads are bound to; empty = any."),
  ]

  private static let priors: [ConfigurationKey] = [
    .text(
      "priors.bank", \.priors.bank, .rebuild,
      "The bank: the model's own, a file made for the model's encoder, or none. A broken one is left out, loudly."
    ),
    .choice(
      "priors.search", \.priors.search, .rebuild,
      "All references, or those of a few clusters and averages for the rest: faster from some thousands on."
    ),
  ]

  private static let exchange: [ConfigurationKey] = [
    .integer(
      "exchange.frames", \.exchange.frames, 0...100, unit: "frames", .live,
      "Live frames that both models run on before the exchange; 0 = models are not compared."),
    .number(
      "exchange.min_correlation", \.exchange.minCorrelation, -1...1, .live,
      "Least correlation of log depth between the two."),
    .number(
      "exchange.max_ratio", \.exchange.maxRatio, 1...1000, .live,
      "Most that depth may grow or shrink, as a factor; judged while depth is metric."),
    .number(
      "exchange.max_more_unknown", \.exchange.maxMoreUnknown, 0...1, .live,
      "Share of pixels that may become unknown."),
    .number(
      "exchange.max_period_share", \.exchange.maxPeriodShare, 0.01...1000, .live,
      "Most time of the new network for one frame, as a share of the camera's period."),
  ]

  private static let preprocessing: [ConfigurationKey] = [
    .choice(
      "preprocessing.fit", \.preprocessing.fit, .rebuild,
      "Cut the image to the network's shape, or squeeze it (fx and fy then differ)."),
    .number(
      "preprocessing.vertical_offset", \.preprocessing.verticalOffset, -1...1, .rebuild,
      "Which part a lower crop shows: -1 the top, 0 the middle, 1 the bottom."),
  ]

  private static let depth: [ConfigurationKey] = [
    .number("depth.min_m", \.depth.minMeters, 0.01...1000, unit: "m", .live, "Nearer depth becomes NaN."),
    .number("depth.max_m", \.depth.maxMeters, 0.01...1000, unit: "m", .live, "Farther depth becomes +Inf."),
    .number(
      "depth.min_confidence", \.depth.minConfidence, 0...1, .live, "Pixels with less confidence become NaN."),
    .boolean(
      "depth.remove_holes", \.depth.removeHoles, .live,
      "Whether depth far below the ground becomes NaN: it cannot be, and is never filled."),
  ]

  private static let publish: [ConfigurationKey] = [
    .text(
      "publish.directory", \.publish.directory, .restart,
      "Folder of the local sockets; auto: where clients look (docs/wire.md)."),
    .text("publish.stream_tcp", \.publish.streamTCP, .restart, "TCP address of the stream endpoint."),
    .text("publish.latest_tcp", \.publish.latestTCP, .restart, "TCP address of the latest-only endpoint."),
    .text("publish.status_tcp", \.publish.statusTCP, .restart, "TCP address of the status endpoint."),
    .boolean(
      "publish.allow_insecure", \.publish.allowInsecure, .restart,
      "Allows TCP addresses that other machines can reach."),
    .number(
      "publish.preview_rate_hz", \.publish.previewRateHz, 0...120, unit: "Hz", .live,
      "Most previews per second; 0 = none."),
    .number(
      "publish.preview_range_m", \.publish.previewRangeMeters, 0.1...1000, unit: "m", .live,
      "Depth at the far end of the preview's colours."),
    .number(
      "publish.points_rate_hz", \.publish.pointsRateHz, 0...120, unit: "Hz", .live,
      "Most point clouds per second; 0 = none."),
    .integer(
      "publish.points_decimation", \.publish.pointsDecimation, 1...64, unit: "px", .live,
      "Every n-th pixel across and down becomes a point."),
    .integer("publish.jpeg_quality", \.publish.jpegQuality, 1...100, .live, "Quality of previews."),
  ]

  private static let process: [ConfigurationKey] = [
    .text(
      "state.directory", \.state.directory, .restart,
      "Folder of learned state; auto: $STATE_DIRECTORY, $XDG_STATE_HOME/depthd or ~/.local/state/depthd."),
    .boolean(
      "reload.watch", \.reload.watch, .live,
      "Whether the daemon reloads by itself when the configuration or calibration file has changed."),
    .integer(
      "reload.debounce_ms", \.reload.debounceMilliseconds, 10...60000, unit: "ms", .live,
      "How long the files must have been left alone before that."),
    .choice("log.level", \.log.level, .live, "Least severe lines that are logged."),
  ]
}
