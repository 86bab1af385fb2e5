/// A procedural world: an endless strip along x, made of pieces that depend only on the seed and their
/// number.
protocol World: Sendable {
  /// Length of one piece along x, metres.
  var pieceLength: Double { get }
  /// How far ahead and behind the camera pieces are drawn, metres.
  var sightAhead: Double { get }
  var sightBehind: Double { get }
  var path: CameraPath { get }
  var lighting: Lighting { get }
  var floor: FloorPlane { get }
  /// Ceiling above the floor, metres; nil = open sky.
  var ceiling: (height: Float, material: Material)? { get }

  /// The solids of piece `index`; x counts from the start of the piece, y and z from the world's middle line.
  func piece(_ index: Int) -> [Primitive]

  /// Solids that move; x counts from the robot's present x.
  func moving(at time: Double, robot: CameraPath.State) -> [Primitive]
}

/// Where things may stand: not on the robot's path.
struct Clearance {
  let path: CameraPath
  let pieceStart: Double

  /// Whether something of `radius` at the piece-local position leaves the robot `margin` metres.
  func isFree(x: Float, y: Float, radius: Float, margin: Float) -> Bool {
    let worldX = pieceStart + Double(x)
    var least = Float.infinity
    for offset in [-Double(radius) - 0.3, 0, Double(radius) + 0.3] {
      least = min(least, abs(y - Float(path.lateral(atX: worldX + offset))))
    }
    return least > radius + margin
  }

  /// The path's lateral position at a piece-local x.
  func lateral(_ x: Float) -> Float {
    Float(path.lateral(atX: pieceStart + Double(x)))
  }
}

/// Things that come along a line parallel to x in an endless row, each with its own seed.
struct Stream {
  /// Mean distance between neighbours, metres.
  let spacing: Double
  /// Speed along x, m/s; negative = towards a robot that drives forward.
  let speed: Double
  let seed: UInt64
  let stream: UInt64

  /// Calls `place` for each member within the given distances of the robot.
  /// - Parameter place: receives a generator of the member's own, and its x relative to the robot.
  func forEach(
    at time: Double, robotX: Double, behind: Double, ahead: Double,
    _ place: (inout SimulationRandom, Double) -> Void
  ) {
    let moved = speed * time
    let first = Int(((robotX - behind - moved) / spacing).rounded(.down))
    let last = Int(((robotX + ahead - moved) / spacing).rounded(.up))
    for index in first...last {
      var random = SimulationRandom(seed: seed, stream: stream, index: index)
      let x = (Double(index) + random.real(-0.3, 0.3)) * spacing + moved - robotX
      guard x > -behind, x < ahead else { continue }
      place(&random, x)
    }
  }
}

/// Somebody or something that keeps ahead of the robot for a while, then leaves and is followed by another.
struct Leader {
  let slotSeconds: Double
  /// Probability that a slot has one.
  let presence: Double
  let nearGap: ClosedRange<Double>
  let farGap: Double
  let seed: UInt64
  let stream: UInt64

  /// The present leader: a generator of its own and the free gap in front of the robot, metres.
  func current(at time: Double) -> (random: SimulationRandom, gap: Double)? {
    let slotTime = time / slotSeconds
    let slot = Int(slotTime.rounded(.down))
    var random = SimulationRandom(seed: seed, stream: stream, index: slot)
    guard random.unit() < presence else { return nil }
    let near = random.real(nearGap.lowerBound, nearGap.upperBound)
    let sway = random.real(0, 0.35) * near
    let phase = random.real(0, 2 * .pi)
    let u = slotTime - Double(slot)
    let leaving = Double(1 - smoothStep(0, 0.22, Float(u)) + smoothStep(0.78, 1, Float(u)))
    let gap = near + sway * SimulationMath.sine(phase + 6 * u) + (farGap - near) * leaving
    return (random, max(nearGap.lowerBound * 0.8, gap))
  }
}

extension [Primitive] {
  /// Adds an object at a place.
  mutating func add(_ object: [Primitive], x: Float, y: Float, z: Float = 0, yaw: Float = 0) {
    for part in object { append(part.placed(at: Vector3(x, y, z), yaw: yaw)) }
  }
}
