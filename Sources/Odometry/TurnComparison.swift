import Quantities

/// The body's heading over time, by odometry: the integral of the yaw rate.
struct HeadingCurve {
  /// Seconds since the first sample, and the heading there.
  private var times: [Double] = []
  private var headings: [Double] = []
  private var rates: [Double] = []
  private let start: MonotonicTime
  /// Pauses over which nothing is known, seconds.
  private var gaps: [(from: Double, to: Double)] = []

  init(_ track: OdometryTrack) {
    start = track.count > 0 ? track[0].time : MonotonicTime(nanoseconds: 0)
    var heading = 0.0
    for index in 0..<track.count {
      let sample = track[index]
      let time = Double(sample.time - start) * 1e-9
      if let before = times.last, let rate = rates.last {
        heading += 0.5 * (rate + sample.yawRateRadiansPerSecond) * (time - before)
        if sample.time - track[index - 1].time > track.largestGapNanoseconds { gaps.append((before, time)) }
      }
      times.append(time)
      headings.append(heading)
      rates.append(sample.yawRateRadiansPerSecond)
    }
  }

  /// Whether odometry knows of the whole time between two moments.
  func covers(_ from: MonotonicTime, _ to: MonotonicTime) -> Bool {
    let (from, to) = (seconds(from), seconds(to))
    guard let last = times.last, from >= 0, to <= last else { return false }
    return !gaps.contains { $0.from < to && $0.to > from }
  }

  func seconds(_ time: MonotonicTime) -> Double { Double(time - start) * 1e-9 }

  /// The heading at a covered moment: exact for a yaw rate that is linear between samples.
  func heading(at time: Double) -> Double {
    var (low, high) = (0, times.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle } else { high = middle }
    }
    let (span, passed) = (times[high] - times[low], time - times[low])
    guard span > 0 else { return headings[low] }
    return headings[low] + passed * (rates[low] + 0.5 * (rates[high] - rates[low]) * passed / span)
  }
}

/// Turns by images beside those by odometry over the same time, moved by an offset.
struct TurnComparison {
  private let heading: HeadingCurve
  /// Start and length of each interval, seconds, and the mean yaw rate in it by the images.
  private let turns: [(start: Double, length: Double, rate: Double)]

  init(_ turns: [VisualTurn], _ heading: HeadingCurve) {
    self.heading = heading
    self.turns = turns.map { turn in
      let length = Double(turn.end - turn.start) * 1e-9
      return (heading.seconds(turn.start), length, turn.radians / length)
    }
  }

  /// Standard deviation of odometry's yaw rate over the intervals, rad/s.
  var excitation: Double {
    let rates = turns.map { rate(of: $0, offset: 0) }
    let mean = rates.reduce(0, +) / Double(rates.count)
    return (rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count)).squareRoot()
  }

  /// A stamp moved by `offset` belongs to the time of the images.
  private func rate(of turn: (start: Double, length: Double, rate: Double), offset: Double) -> Double {
    let from = turn.start - offset
    return (heading.heading(at: from + turn.length) - heading.heading(at: from)) / turn.length
  }

  /// Correlation, and the images' rates for one of odometry, with the variance of what is left.
  func fit(offset: Double) -> (correlation: Double, gain: Double, residual: Double) {
    let n = Double(turns.count)
    var (sumX, sumY, sumXX, sumYY, sumXY) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for turn in turns {
      let (x, y) = (rate(of: turn, offset: offset), turn.rate)
      sumX += x
      sumY += y
      sumXX += x * x
      sumYY += y * y
      sumXY += x * y
    }
    let xx = sumXX - sumX * sumX / n
    let yy = sumYY - sumY * sumY / n
    let xy = sumXY - sumX * sumY / n
    guard xx > 1e-12, yy > 1e-12 else { return (0, 0, yy / n) }
    return (xy / (xx * yy).squareRoot(), xy / xx, max(0, yy - xy * xy / xx) / n)
  }

  /// The offset near another at which odometry explains the images best, and what is known of it.
  struct Refined {
    var offset: Double
    var sigmaSeconds: Double
    var gain: Double
  }

  /// Least squares of the images' rates on a constant, odometry's rates and their change with the offset.
  ///
  /// Turns that other things than the robot's turning explain better (who walks past the camera turns nothing) lose
  /// their say by Cauchy's weights. Errors of neighbouring turns belong together: what is known shrinks accordingly.
  /// - Parameters:
  ///   - start: an offset within a step or two.
  ///   - step: over which the change with the offset is taken, and the largest change of one round, seconds.
  func refined(from start: Double, step: Double) -> Refined {
    var result = Refined(offset: start, sigmaSeconds: .infinity, gain: 0)
    var weights = [Double](repeating: 1, count: turns.count)
    for _ in 0..<Self.rounds {
      let rates = turns.map { rate(of: $0, offset: result.offset) }
      let slopes = turns.map {
        (rate(of: $0, offset: result.offset + step) - rate(of: $0, offset: result.offset - step)) / (2 * step)
      }
      let x = Self.centred(rates, weights)
      let y = Self.centred(turns.map(\.rate), weights)
      // What of the change cannot be told from another gain or constant does not count.
      let s = Self.without(x, Self.centred(slopes, weights), weights)
      let (xx, ss) = (Self.product(x, x, weights), Self.product(s, s, weights))
      guard xx > 1e-12, ss > 1e-12 else { return result }
      result.gain = Self.product(x, y, weights) / xx
      guard abs(result.gain) > 1e-3 else { return result }
      let change = Self.product(s, y, weights) / ss
      let residuals = turns.indices.map { y[$0] - result.gain * x[$0] - change * s[$0] }
      result.offset += max(-step, min(step, change / result.gain))
      let spread = 1.4826 * Self.median(residuals.map(abs))
      let variance = Self.product(residuals, residuals, weights) / weights.reduce(0, +)
      result.sigmaSeconds =
        (variance / ss * Self.inflation(residuals, weights)).squareRoot() / abs(result.gain)
      let limit = Self.softness * max(spread, 1e-6)
      weights = residuals.map { 1 / (1 + ($0 / limit) * ($0 / limit)) }
    }
    return result
  }

  private static let rounds = 8
  /// Cauchy's bound in deviations: beyond it a turn counts less than half.
  private static let softness = 2.4

  /// By how much neighbours that err alike widen a variance: (1 + r) / (1 - r) with r their correlation.
  private static func inflation(_ residuals: [Double], _ weights: [Double]) -> Double {
    var (products, squares) = (0.0, 0.0)
    for index in 1..<max(1, residuals.count) {
      let weight = weights[index] * weights[index - 1]
      products += weight * residuals[index] * residuals[index - 1]
      squares +=
        weight * 0.5 * (residuals[index] * residuals[index] + residuals[index - 1] * residuals[index - 1])
    }
    let r = squares > 0 ? min(0.8, max(0, products / squares)) : 0
    return (1 + r) / (1 - r)
  }

  private static func product(_ a: [Double], _ b: [Double], _ weights: [Double]) -> Double {
    weights.indices.reduce(0) { $0 + weights[$1] * a[$1] * b[$1] }
  }

  private static func centred(_ values: [Double], _ weights: [Double]) -> [Double] {
    let mean = weights.indices.reduce(0) { $0 + weights[$1] * values[$1] } / weights.reduce(0, +)
    return values.map { $0 - mean }
  }

  /// `values` without what `other` explains of them.
  private static func without(_ other: [Double], _ values: [Double], _ weights: [Double]) -> [Double] {
    let squares = product(other, other, weights)
    let share = squares > 1e-12 ? product(other, values, weights) / squares : 0
    return values.indices.map { values[$0] - share * other[$0] }
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}
