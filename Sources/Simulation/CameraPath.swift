/// Where the robot goes: a winding line along x that repeats with its length, travelled at a `SpeedProfile`.
package struct CameraPath: Sendable {
  /// Planar state of the robot's body.
  ///
  /// Axes: x forward along the world, y left; heading positive to the left.
  package struct State: Sendable {
    package var x: Double
    package var y: Double
    package var heading: Double
    /// Forward speed, m/s.
    package var speed: Double
    /// rad/s, positive to the left.
    package var yawRate: Double
    /// Distance travelled along the path, metres.
    package var distance: Double
  }

  /// How a world lets its robot wind.
  struct Shape: Sendable {
    /// Length after which the line repeats, metres.
    var period: Double
    /// Largest distance from the middle line, metres.
    var lateralReach: Double
    /// Number of turns to either side in one period, per component.
    var waves: [Int]
  }

  private static let step = 0.05

  private let speed: SpeedProfile
  private let period: Double
  private let amplitudes: [Double]
  private let waveNumbers: [Double]
  private let phases: [Double]
  private let tilt: Double
  /// Position at every `step` metres along the line; one more entry than steps in a period.
  private let xs: [Double]
  private let ys: [Double]

  init(_ shape: Shape, speed: SpeedProfile, seed: UInt64) {
    var random = SimulationRandom(seed: seed, stream: 12)
    let steps = Int((shape.period / Self.step).rounded())
    period = Double(steps) * Self.step
    waveNumbers = shape.waves.map { 2 * .pi * Double($0) / Double(steps) / Self.step }
    phases = shape.waves.map { _ in random.real(0, 2 * .pi) }
    var amplitudes = waveNumbers.map { $0 * shape.lateralReach * random.real(0.5, 1) }
    var line = Self.line(amplitudes: amplitudes, waveNumbers, phases, steps: steps)
    // The reach follows the amplitudes almost linearly; two corrections settle it.
    for _ in 0..<2 {
      let excess = (line.ys.map(abs).max() ?? 0) / shape.lateralReach
      guard excess > 1 else { break }
      amplitudes = amplitudes.map { $0 / excess }
      line = Self.line(amplitudes: amplitudes, waveNumbers, phases, steps: steps)
    }
    self.speed = speed
    self.amplitudes = amplitudes
    self.tilt = line.tilt
    self.xs = line.xs
    self.ys = line.ys
  }

  /// Integrates the heading along the line (Simpson's rule on each step), then turns and shifts the result so
  /// that it ends as far to the side as it began and has its middle on the x axis.
  private static func line(
    amplitudes: [Double], _ waveNumbers: [Double], _ phases: [Double], steps: Int
  ) -> (xs: [Double], ys: [Double], tilt: Double) {
    func heading(_ s: Double) -> Double {
      var sum = 0.0
      for index in amplitudes.indices {
        sum += amplitudes[index] * SimulationMath.sine(waveNumbers[index] * s + phases[index])
      }
      return sum
    }
    var xs = [0.0]
    var ys = [0.0]
    var here = heading(0)
    for index in 0..<steps {
      let s = Double(index) * step
      let middle = heading(s + 0.5 * step)
      let next = heading(s + step)
      let cosines = SimulationMath.cosine(here) + 4 * SimulationMath.cosine(middle)
      let sines = SimulationMath.sine(here) + 4 * SimulationMath.sine(middle)
      xs.append(xs[index] + (cosines + SimulationMath.cosine(next)) * step / 6)
      ys.append(ys[index] + (sines + SimulationMath.sine(next)) * step / 6)
      here = next
    }
    let length = (xs[steps] * xs[steps] + ys[steps] * ys[steps]).squareRoot()
    let (cosine, sine) = (xs[steps] / length, ys[steps] / length)
    let turnedX = xs.indices.map { cosine * xs[$0] + sine * ys[$0] }
    let turnedY = xs.indices.map { cosine * ys[$0] - sine * xs[$0] }
    let middle = 0.5 * ((turnedY.max() ?? 0) + (turnedY.min() ?? 0))
    // The tilt is small: the arc sine's series is exact to 1e-9 there.
    let tilt = sine * (1 + sine * sine * (1.0 / 6 + sine * sine * 3.0 / 40))
    return (turnedX, turnedY.map { $0 - middle }, tilt)
  }

  /// The robot at `time` seconds after the start.
  package func state(at time: Double) -> State {
    let (speed, distance) = speed.state(at: time)
    let turns = (distance / period).rounded(.down)
    let s = distance - turns * period
    var heading = -tilt
    var curvature = 0.0
    for index in amplitudes.indices {
      let phase = waveNumbers[index] * s + phases[index]
      heading += amplitudes[index] * SimulationMath.sine(phase)
      curvature += amplitudes[index] * waveNumbers[index] * SimulationMath.cosine(phase)
    }
    let place = min(xs.count - 2, Int(s / Self.step))
    let (x, y) = position(in: place, offset: s - Double(place) * Self.step, heading: heading)
    let advance = xs[xs.count - 1] - xs[0]
    return State(
      x: x + turns * advance, y: y, heading: heading, speed: speed, yawRate: speed * curvature,
      distance: distance)
  }

  /// From the table's point along the mean of its heading and the present one: exact to 1e-9 m in a step.
  private func position(in place: Int, offset: Double, heading: Double) -> (x: Double, y: Double) {
    let s = Double(place) * Self.step
    var start = -tilt
    var middle = -tilt
    for index in amplitudes.indices {
      start += amplitudes[index] * SimulationMath.sine(waveNumbers[index] * s + phases[index])
      let half = waveNumbers[index] * (s + 0.5 * offset) + phases[index]
      middle += amplitudes[index] * SimulationMath.sine(half)
    }
    let cosines = SimulationMath.cosine(start) + 4 * SimulationMath.cosine(middle)
    let sines = SimulationMath.sine(start) + 4 * SimulationMath.sine(middle)
    return (
      xs[place] + (cosines + SimulationMath.cosine(heading)) * offset / 6,
      ys[place] + (sines + SimulationMath.sine(heading)) * offset / 6
    )
  }

  /// How far to the left the line runs at world position `x`.
  package func lateral(atX x: Double) -> Double {
    let advance = xs[xs.count - 1] - xs[0]
    let local = x - ((x - xs[0]) / advance).rounded(.down) * advance
    var low = 0
    var high = xs.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if xs[middle] <= local { low = middle } else { high = middle }
    }
    let weight = (local - xs[low]) / (xs[high] - xs[low])
    return ys[low] + (ys[high] - ys[low]) * weight
  }
}
