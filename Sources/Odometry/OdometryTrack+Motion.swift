import Glibc
public import Quantities

/// How the body moved on the floor between two moments: in the axes it had at the first.
public struct PlanarMotion: Equatable, Sendable {
  /// Metres forward and to the left.
  public var x = 0.0
  public var y = 0.0
  /// Radians to the left.
  public var heading = 0.0

  public init(x: Double = 0, y: Double = 0, heading: Double = 0) {
    self.x = x
    self.y = y
    self.heading = heading
  }

  /// Adds a stretch of constant curvature.
  /// - Source: exact integral of the unicycle model; the small-angle form keeps precision on a straight.
  mutating func advance(distance: Double, turn: Double) {
    let half = 0.5 * turn
    let chord = distance * (abs(half) < 1e-4 ? 1 - half * half / 6 : sin(half) / half)
    x += chord * cos(heading + half)
    y += chord * sin(heading + half)
    heading += turn
  }
}

extension OdometryTrack {
  /// Integrates speed and yaw rate, both linear between samples, from `start` to `end`.
  ///
  /// - Returns: nil unless samples enclose both moments and no pause between them is a gap.
  public func motion(from start: MonotonicTime, to end: MonotonicTime) -> PlanarMotion? {
    guard start <= end, var before = interpolated(at: start), let last = interpolated(at: end) else {
      return nil
    }
    var motion = PlanarMotion()
    var index = firstIndex(after: start)
    if index > 0, index < count, self[index].time - self[index - 1].time > largestGapNanoseconds {
      return nil
    }
    while before.time < end {
      let next = index < count && self[index].time < end ? self[index] : last
      guard next.time - before.time <= largestGapNanoseconds else { return nil }
      let seconds = Double(next.time - before.time) * 1e-9
      motion.advance(
        distance: 0.5 * (before.speedMetersPerSecond + next.speedMetersPerSecond) * seconds,
        turn: 0.5 * (before.yawRateRadiansPerSecond + next.yawRateRadiansPerSecond) * seconds)
      before = next
      index += 1
    }
    return motion
  }

  /// Speed and yaw rate at a moment between two samples; nil outside the track.
  public func interpolated(at time: MonotonicTime) -> OdometrySample? {
    let after = firstIndex(after: time)
    guard after > 0 else { return nil }
    let low = self[after - 1]
    if low.time == time { return low }
    guard after < count else { return nil }
    let high = self[after]
    let weight = Double(time - low.time) / Double(high.time - low.time)
    return OdometrySample(
      time: time,
      speedMetersPerSecond: low.speedMetersPerSecond
        + (high.speedMetersPerSecond - low.speedMetersPerSecond) * weight,
      yawRateRadiansPerSecond: low.yawRateRadiansPerSecond
        + (high.yawRateRadiansPerSecond - low.yawRateRadiansPerSecond) * weight)
  }
}
