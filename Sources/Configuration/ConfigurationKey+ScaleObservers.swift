import Scale

extension ConfigurationKey {
  /// What looks for the scale, and how often.
  static let scaleObservers: [ConfigurationKey] = [
    .boolean(
      "scale.use_sparse", \.scale.observers.usesPoints, .live,
      "Range points against predicted depth."),
    .boolean(
      "scale.use_photometric", \.scale.observers.usesPhotometric, .live,
      "Images moved by odometry and predicted depth against earlier ones."),
    .boolean(
      "scale.use_pose", \.scale.observers.usesPose, .live,
      "The pose network's distance against the odometry's, where the model has one."),
    .boolean(
      "scale.use_height", \.scale.observers.usesGround, .live,
      "The camera's height: against the ground that the network sees, and against what images and odometry measure."
    ),
    .number(
      "scale.sparse_interval_s", \.scale.observers.pointsIntervalSeconds, 0.02...60, unit: "s", .live,
      "Between two looks at range points."),
    .number(
      "scale.photometric_interval_s", \.scale.observers.photometricIntervalSeconds, 0.02...60, unit: "s",
      .live, "Between two looks at images: the most expensive kind."),
    .number(
      "scale.pose_interval_s", \.scale.observers.poseIntervalSeconds, 0.02...60, unit: "s", .live,
      "Between two runs of the pose network."),
    .number(
      "scale.height_interval_s", \.scale.observers.groundIntervalSeconds, 0.02...60, unit: "s", .live,
      "Between two looks at the ground."),
    .number(
      "scale.mount_interval_s", \.scale.observers.heightIntervalSeconds, 0.02...60, unit: "s", .live,
      "Between two measurements of the camera's height and pitch by images and odometry."),
  ]
}
