/// An open yard: grass, gravel or concrete with sheds, fences, barrels, piles, people and carts.
struct YardWorld: World {
  let pieceLength = 10.0
  let sightAhead = 90.0
  let sightBehind = 20.0
  let path: CameraPath
  let lighting: Lighting
  let floor: FloorPlane
  let ceiling: (height: Float, material: Material)? = nil

  private let seed: UInt64
  private let halfWidth: Float
  private let density: Double

  init(seed: UInt64) {
    var random = SimulationRandom(seed: seed, stream: 300)
    self.seed = seed
    halfWidth = random.uniform(7, 16)
    density = random.real(0.8, 1.4)
    path = CameraPath(
      CameraPath.Shape(period: 160, lateralReach: Double(halfWidth) * 0.4, waves: [3, 7, 11]),
      speed: SpeedProfile(topSpeed: random.real(1.2, 2.2), slotSeconds: 5, stops: 0.08, seed: seed),
      seed: seed)
    lighting = StreetWorld.light(&random)
    floor = FloorPlane(Self.ground(&random))
  }

  private static func ground(_ random: inout SimulationRandom) -> Material {
    switch random.next() % 3 {
    case 0:
      let grass = Vector3(random.uniform(0.08, 0.18), random.uniform(0.14, 0.24), 0.05)
      return Material(.speckle, grass, grass * 0.45, size: 0.3, seed: Palette.seed(&random))
    case 1:
      let gravel = Palette.color(&random, 0.2, 0.4, vividness: 0.15)
      return Material(.speckle, gravel, gravel * 0.5, size: 0.12, seed: Palette.seed(&random))
    default:
      let concrete = Palette.color(&random, 0.25, 0.45, vividness: 0.08)
      return Material(.tiles, concrete, concrete * 0.55, size: 2.5, seed: Palette.seed(&random))
    }
  }

  func piece(_ index: Int) -> [Primitive] {
    var random = SimulationRandom(seed: seed, stream: 301, index: index)
    let clearance = Clearance(path: path, pieceStart: Double(index) * pieceLength)
    var solids: [Primitive] = []
    for side in [Float(-1), 1] { addBorder(side, &solids, &random) }
    for _ in 0..<Int(26 * density) {
      let x = random.uniform(0, Float(pieceLength))
      // Half of the things stand close to the robot's way, the rest anywhere.
      let y =
        random.chance(0.55)
        ? clearance.lateral(x) + random.sign() * random.uniform(0.8, 3.5)
        : random.uniform(-halfWidth, halfWidth)
      let (object, radius) = thing(&random)
      guard abs(y) < halfWidth, clearance.isFree(x: x, y: y, radius: radius, margin: 0.4) else { continue }
      solids.add(object, x: x, y: y, yaw: random.uniform(-.pi, .pi))
    }
    return solids
  }

  private func thing(_ random: inout SimulationRandom) -> ([Primitive], Float) {
    switch random.next() % 12 {
    case 0, 1: return (Objects.barrel(&random), 0.45)
    case 2, 3, 4: return (Objects.boxes(&random), 0.7)
    case 5: return (Objects.cart(&random), 0.7)
    case 6: return (Objects.tree(&random), 0.5)
    case 7: return (Objects.bush(&random), 0.9)
    case 8: return (Objects.pole(&random), 0.2)
    case 9: return (Objects.person(&random, stride: nil), 0.35)
    case 10: return random.chance(0.3) ? (Objects.car(&random), 2.6) : (Objects.furniture(&random), 0.8)
    default: return (shed(&random), 2.2)
    }
  }

  private func shed(_ random: inout SimulationRandom) -> [Primitive] {
    let size = Vector3(random.uniform(1.6, 3.4), random.uniform(1.4, 2.6), random.uniform(1.8, 2.6))
    let walls = Palette.wall(&random)
    let roof = Material(
      .stripes, Palette.color(&random, 0.1, 0.4, vividness: 0.4), Vector3(repeating: 0.1), size: 0.2)
    return [
      .box(center: Vector3(0, 0, size.z / 2), size: size, walls),
      .box(center: Vector3(0, 0, size.z + 0.05), size: Vector3(size.x + 0.4, size.y + 0.4, 0.1), roof),
      .box(
        center: Vector3(size.x / 2 + 0.01, 0, 0.95), size: Vector3(0.04, 0.85, 1.9),
        Palette.clutter(&random)),
    ]
  }

  /// Fence, hedge, wall or a row of houses along the edge of the yard.
  private func addBorder(_ side: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom) {
    let length = Float(pieceLength)
    let y = side * (halfWidth + 1)
    switch random.next() % 4 {
    case 0:
      let wood = Palette.clutter(&random)
      for step in 0..<5 {
        let x = Float(step) * 2
        solids.append(.cylinder(from: Vector3(x, y, 0), to: Vector3(x, y, 1.3), radius: 0.06, wood))
      }
      for z in [Float(0.4), 0.8, 1.2] {
        solids.append(.box(center: Vector3(length / 2, y, z), size: Vector3(length, 0.05, 0.1), wood))
      }
    case 1:
      let height = random.uniform(1, 2.4)
      solids.append(
        .box(
          center: Vector3(length / 2, y, height / 2), size: Vector3(length, 0.9, height),
          Palette.leaves(&random)))
    case 2:
      let height = random.uniform(1, 3)
      solids.append(
        .box(
          center: Vector3(length / 2, y, height / 2), size: Vector3(length, 0.3, height),
          Palette.wall(&random)))
    default:
      let height = random.uniform(3, 9)
      solids.append(
        .box(
          center: Vector3(length / 2, y + side * 4, height / 2),
          size: Vector3(length - random.uniform(0, 2), 7, height), Palette.facade(&random)))
    }
    if random.chance(0.4) { solids.add(Objects.tree(&random), x: random.uniform(0, length), y: y + side * 3) }
  }

  func moving(at time: Double, robot: CameraPath.State) -> [Primitive] {
    var solids: [Primitive] = []
    for (place, speed) in [1.2, -1.2].enumerated() {
      let walkers = Stream(spacing: 9, speed: speed, seed: seed, stream: 310 + UInt64(place))
      walkers.forEach(at: time, robotX: robot.x, behind: 4, ahead: 50) { random, x in
        let line = Float(path.lateral(atX: robot.x + x))
        let y = line + random.sign() * random.uniform(0.9, 5)
        let phase = Float(random.unit()) + Float((time * 0.9).truncatingRemainder(dividingBy: 1))
        let yaw: Float = speed < 0 ? .pi : 0
        let isCart = random.chance(0.3)
        solids.add(Objects.person(&random, stride: phase), x: Float(x), y: y, yaw: yaw)
        if isCart { solids.add(Objects.cart(&random), x: Float(x) + (speed < 0 ? -0.9 : 0.9), y: y) }
      }
    }
    let leader = Leader(
      slotSeconds: 15, presence: 0.65, nearGap: 1.3...6, farGap: 50, seed: seed, stream: 312)
    if let (identity, gap) = leader.current(at: time) {
      var random = identity
      let y = Float(path.lateral(atX: robot.x + gap)) + random.uniform(-0.3, 0.3)
      let phase = Float((robot.distance * 0.7).truncatingRemainder(dividingBy: 1))
      solids.add(Objects.person(&random, stride: phase), x: Float(gap), y: y)
      if random.chance(0.5) { solids.add(Objects.cart(&random), x: Float(gap) + 0.95, y: y) }
    }
    return solids
  }
}
