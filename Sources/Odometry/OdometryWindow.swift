public import Quantities

/// What odometry says about the time between two moments: the motion, and how steady it was.
public struct OdometryWindow: Equatable, Sendable {
  public var motion = PlanarMotion()
  public var durationSeconds = 0.0
  /// Along the path, metres; never negative.
  public var pathMeters = 0.0
  /// Of the speed in the window, m/s.
  public var slowestMetersPerSecond: Double
  public var fastestMetersPerSecond: Double
  /// Largest magnitude of the yaw rate, rad/s.
  public var largestYawRate: Double
  /// Longest time between two samples that enclose a part of the window, seconds.
  public var longestGapSeconds = 0.0

  init(startingWith sample: OdometrySample) {
    slowestMetersPerSecond = sample.speedMetersPerSecond
    fastestMetersPerSecond = sample.speedMetersPerSecond
    largestYawRate = abs(sample.yawRateRadiansPerSecond)
  }

  public var meanSpeedMetersPerSecond: Double { durationSeconds > 0 ? pathMeters / durationSeconds : 0 }

  /// What the speed changed by, over the window's length, m/s2: robust against the steps of an encoder, which the
  /// difference of two neighbouring samples is not.
  public var acceleration: Double {
    durationSeconds > 0 ? (fastestMetersPerSecond - slowestMetersPerSecond) / durationSeconds : 0
  }

  mutating func advance(from before: OdometrySample, to next: OdometrySample) {
    let seconds = Double(next.time - before.time) * 1e-9
    let distance = 0.5 * (before.speedMetersPerSecond + next.speedMetersPerSecond) * seconds
    motion.advance(
      distance: distance,
      turn: 0.5 * (before.yawRateRadiansPerSecond + next.yawRateRadiansPerSecond) * seconds)
    durationSeconds += seconds
    pathMeters += abs(distance)
    slowestMetersPerSecond = min(slowestMetersPerSecond, next.speedMetersPerSecond)
    fastestMetersPerSecond = max(fastestMetersPerSecond, next.speedMetersPerSecond)
    largestYawRate = max(largestYawRate, abs(next.yawRateRadiansPerSecond))
  }
}

extension OdometryTrack {
  /// Integrates speed and yaw rate, both linear between samples, from `start` to `end`.
  ///
  /// - Parameter heldNanoseconds: how long the newest sample may stand for one that has not come yet.
  /// - Returns: nil unless samples enclose both moments and no pause between them is a gap.
  public func window(
    from start: MonotonicTime, to end: MonotonicTime, heldNanoseconds: Int64 = 0
  ) -> OdometryWindow? {
    guard start <= end, var before = interpolated(at: start),
      let last = interpolated(at: end) ?? held(until: end, atMost: heldNanoseconds)
    else { return nil }
    var window = OdometryWindow(startingWith: before)
    var index = firstIndex(after: start)
    if index > 0, index < count, !window.notes(gapAfter: self[index - 1], self[index], largestGapNanoseconds)
    {
      return nil
    }
    while before.time < end {
      let next = index < count && self[index].time < end ? self[index] : last
      window.advance(from: before, to: next)
      before = next
      index += 1
      guard before.time < end, index < count else { continue }
      guard window.notes(gapAfter: self[index - 1], self[index], largestGapNanoseconds) else { return nil }
    }
    return window
  }

  /// The motion alone.
  public func motion(from start: MonotonicTime, to end: MonotonicTime) -> PlanarMotion? {
    window(from: start, to: end)?.motion
  }

  private func held(until time: MonotonicTime, atMost limit: Int64) -> OdometrySample? {
    guard var sample = newest, time >= sample.time, time - sample.time <= limit else { return nil }
    sample.time = time
    return sample
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

extension OdometryWindow {
  /// Takes a pause between two samples in; false when it is a gap.
  fileprivate mutating func notes(
    gapAfter low: OdometrySample, _ high: OdometrySample, _ limit: Int64
  ) -> Bool {
    longestGapSeconds = max(longestGapSeconds, Double(high.time - low.time) * 1e-9)
    return high.time - low.time <= limit
  }
}
