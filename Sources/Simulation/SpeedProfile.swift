/// Forward speed of the robot over time: smooth changes between random speeds, with stops.
///
/// Time is cut into slots; speed moves from one slot boundary's value to the next along a smooth step, so
/// that distance has a closed form. The boundaries repeat after 64 slots.
struct SpeedProfile: Sendable {
  private static let slotCount = 64

  private let slotSeconds: Double
  /// Speed at the start of each slot, m/s.
  private let speeds: [Double]
  /// Distance at the start of each slot, metres; one more entry for the end of the last.
  private let distances: [Double]

  /// - Parameters:
  ///   - topSpeed: the fastest the robot goes, m/s.
  ///   - stops: probability that a slot is spent standing still.
  init(topSpeed: Double, slotSeconds: Double, stops: Double, seed: UInt64) {
    var random = SimulationRandom(seed: seed, stream: 11)
    var speeds = (0..<Self.slotCount).map { _ in topSpeed * random.real(0.45, 1) }
    // A standing slot needs zero at both of its ends; the drive never starts with one.
    for slot in 2..<(Self.slotCount - 2) where random.chance(stops) {
      speeds[slot] = 0
      speeds[slot + 1] = 0
    }
    var distances = [0.0]
    for slot in 0..<Self.slotCount {
      let mean = 0.5 * (speeds[slot] + speeds[(slot + 1) % Self.slotCount])
      distances.append(distances[slot] + mean * slotSeconds)
    }
    self.slotSeconds = slotSeconds
    self.speeds = speeds
    self.distances = distances
  }

  /// Speed in m/s and distance travelled in metres at `time` seconds after the start.
  func state(at time: Double) -> (speed: Double, distance: Double) {
    let slotTime = time / slotSeconds
    let slot = Int(slotTime.rounded(.down))
    let u = slotTime - Double(slot)
    let turns = Int((Double(slot) / Double(Self.slotCount)).rounded(.down))
    let place = slot - turns * Self.slotCount
    let from = speeds[place]
    let change = speeds[(place + 1) % Self.slotCount] - from
    let speed = from + change * u * u * (3 - 2 * u)
    let within = slotSeconds * (from * u + change * u * u * u * (1 - 0.5 * u))
    return (speed, Double(turns) * distances[Self.slotCount] + distances[place] + within)
  }
}
