extension Configuration {
  /// Range points: where they come from and which of them count. What each value means stands in
  /// `ConfigurationKey.sparse`.
  public struct Sparse: Hashable, Sendable {
    public var source = SparseSource.camera
    /// Byte prefix of the topics subscribed to.
    public var topic = ""
    public var complete = true
    public var maxPoints = 2000
    public var minMeters = 0.3
    public var maxMeters = 80.0
    public var maxAgeMilliseconds = 200
    public var maxAgeWithoutOdometryMilliseconds = 50
  }

  var sparseContradictions: [Contradiction] {
    var found: [Contradiction] = []
    if sparse.minMeters >= sparse.maxMeters {
      found.append(
        Contradiction(
          key: "sparse.max_m", involved: ["sparse.max_m", "sparse.min_m"],
          text: "is \(sparse.maxMeters) m; it must be above sparse.min_m, which is \(sparse.minMeters) m"))
    }
    if sparse.maxAgeWithoutOdometryMilliseconds > sparse.maxAgeMilliseconds {
      found.append(
        Contradiction(
          key: "sparse.max_age_without_odometry_ms",
          involved: ["sparse.max_age_without_odometry_ms", "sparse.max_age_ms"],
          text: """
            is \(sparse.maxAgeWithoutOdometryMilliseconds) ms; it must not be above sparse.max_age_ms, which is \
            \(sparse.maxAgeMilliseconds) ms
            """))
    }
    return found
  }
}

extension ConfigurationKey {
  static let sparse: [ConfigurationKey] = [
    .text("sparse.source", \.sparse.source, .rebuild, "Where range points come from."),
    .freeText(
      "sparse.topic", \.sparse.topic, .rebuild,
      "Topics to take from the publisher: all that begin so; \"\" for all."),
    .boolean(
      "sparse.complete", \.sparse.complete, .rebuild,
      "Whether points enter the network, where the model can take them; without, they serve the scale alone."),
    .integer(
      "sparse.max_points", \.sparse.maxPoints, 80...100_000, unit: "points", .rebuild,
      "Most points that enter the network; more are thinned evenly."),
    .number(
      "sparse.min_m", \.sparse.minMeters, 0.01...1000, unit: "m", .live,
      "Points with less depth are rejected."),
    .number(
      "sparse.max_m", \.sparse.maxMeters, 0.01...1000, unit: "m", .live,
      "Points with more depth are rejected."),
    .integer(
      "sparse.max_age_ms", \.sparse.maxAgeMilliseconds, 1...5000, unit: "ms", .live,
      "Most time between points and frame; odometry moves the points over it."),
    .integer(
      "sparse.max_age_without_odometry_ms", \.sparse.maxAgeWithoutOdometryMilliseconds, 0...5000, unit: "ms",
      .live, "The same where odometry does not cover that time; the points then stay where they were."),
  ]
}
