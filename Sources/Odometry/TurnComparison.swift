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

  /// Standard deviation of the offset of a least-squares fit: what the images' noise is worth in time, where the yaw
  /// rate changes.
  func sigmaSeconds(at offset: Double, step: Double) -> Double {
    let best = fit(offset: offset)
    var slopes = 0.0
    for turn in turns {
      let slope = (rate(of: turn, offset: offset + step) - rate(of: turn, offset: offset - step)) / (2 * step)
      slopes += best.gain * best.gain * slope * slope
    }
    return slopes > 0 ? (best.residual / slopes).squareRoot() : .infinity
  }
}
