extension StreetWorld {
  func moving(at time: Double, robot: CameraPath.State) -> [Primitive] {
    var solids: [Primitive] = []
    addLeader(at: time, robot, &solids)
    if isMotorway {
      addNeighbours(at: time, robot, &solids)
    } else {
      addOncoming(at: time, robot, &solids)
      addCrossing(robot, &solids)
    }
    addPedestrians(at: time, robot, &solids)
    return solids
  }

  private static func vehicle(_ random: inout SimulationRandom, trucks: Double) -> (
    parts: [Primitive], half: Float
  ) {
    let parts = random.chance(trucks) ? Objects.truck(&random) : Objects.car(&random)
    let half = parts.map { $0.shape == .box ? $0.center.x + $0.extent.x : 0 }.max() ?? 2
    return (parts, half)
  }

  /// The vehicle in front: mostly 3 to 10 m away.
  private func addLeader(at time: Double, _ robot: CameraPath.State, _ solids: inout [Primitive]) {
    let leader = Leader(
      slotSeconds: 14, presence: 0.85, nearGap: 2.5...9, farGap: 70, seed: seed, stream: 210)
    guard let (identity, gap) = leader.current(at: time) else { return }
    var random = identity
    let (parts, half) = Self.vehicle(&random, trucks: 0.35)
    let x = Float(gap) + half
    let y = random.uniform(-0.25, 0.25)
    solids.add(parts, x: x, y: y, yaw: random.uniform(-0.03, 0.03))
  }

  private func addOncoming(at time: Double, _ robot: CameraPath.State, _ solids: inout [Primitive]) {
    let oncoming = Stream(spacing: 22, speed: -7.5, seed: seed, stream: 211)
    oncoming.forEach(at: time, robotX: robot.x, behind: 10, ahead: 150) { random, x in
      let (parts, _) = Self.vehicle(&random, trucks: 0.2)
      solids.add(parts, x: Float(x), y: 3.5 + random.uniform(-0.2, 0.3), yaw: .pi)
    }
  }

  /// Vehicles in the next lane that drift back and forth beside the robot.
  private func addNeighbours(at time: Double, _ robot: CameraPath.State, _ solids: inout [Primitive]) {
    let lane = Stream(spacing: 16, speed: 1.5, seed: seed, stream: 212)
    // The stream moves with the robot, so its own x is measured from the distance travelled.
    lane.forEach(at: time, robotX: 0, behind: 12, ahead: 140) { random, x in
      let (parts, _) = Self.vehicle(&random, trucks: 0.4)
      solids.add(parts, x: Float(x), y: 3.5 + random.uniform(-0.3, 0.3))
    }
  }

  private func addPedestrians(at time: Double, _ robot: CameraPath.State, _ solids: inout [Primitive]) {
    for (place, speed) in [1.25, -1.15].enumerated() {
      let walkers = Stream(spacing: 14, speed: speed, seed: seed, stream: 213 + UInt64(place))
      walkers.forEach(at: time, robotX: robot.x, behind: 3, ahead: 60) { random, x in
        let kerb = random.chance(0.5) ? rightKerb - 0.7 : leftKerb + 0.7
        let phase = Float(random.unit()) + Float((time * 0.9).truncatingRemainder(dividingBy: 1))
        let parts = Objects.person(&random, stride: phase)
        solids.add(parts, x: Float(x), y: kerb, z: 0.115, yaw: speed < 0 ? .pi : 0)
      }
    }
  }

  /// People who cross the road in front of the robot and are off its lane when it arrives.
  private func addCrossing(_ robot: CameraPath.State, _ solids: inout [Primitive]) {
    let crossing = Stream(spacing: 55, speed: 0, seed: seed, stream: 215)
    crossing.forEach(at: 0, robotX: robot.x, behind: 3, ahead: 60) { random, x in
      let fromRight = random.chance(0.5)
      let start = fromRight ? rightKerb - 0.3 : leftKerb + 0.3
      let end = fromRight ? leftKerb + 0.3 : rightKerb - 0.3
      let done = 1 - smoothStep(5, 34, Float(x))
      let y = mix(start, end, done)
      let phase = (done * 9).truncatingRemainder(dividingBy: 1)
      let parts = Objects.person(&random, stride: phase)
      solids.add(parts, x: Float(x), y: y, z: 0, yaw: fromRight ? .pi / 2 : -.pi / 2)
    }
  }
}
