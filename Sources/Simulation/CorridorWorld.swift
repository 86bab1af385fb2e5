/// Indoors: a long corridor with doors, pillars, furniture, boxes, posters, lamps and people.
struct CorridorWorld: World {
  let pieceLength = 6.0
  let sightAhead = 66.0
  let sightBehind = 6.0
  let path: CameraPath
  let lighting: Lighting
  let floor: FloorPlane
  let ceiling: (height: Float, material: Material)?

  private let seed: UInt64
  private let halfWidth: Float
  private let height: Float
  private let wallMaterials: [Material]
  private let clutter: Double

  init(seed: UInt64) {
    var random = SimulationRandom(seed: seed, stream: 100)
    self.seed = seed
    halfWidth = random.uniform(1.1, 2.3)
    height = random.uniform(2.35, 3.3)
    clutter = random.real(0.6, 1.4)
    wallMaterials = (0..<3).map { _ in Palette.wall(&random) }
    path = CameraPath(
      CameraPath.Shape(period: 96, lateralReach: Double(halfWidth) * 0.3, waves: [2, 5, 9]),
      speed: SpeedProfile(topSpeed: random.real(0.9, 1.5), slotSeconds: 4, stops: 0.08, seed: seed),
      seed: seed)
    lighting = Self.light(&random)
    let ground = Palette.color(&random, 0.08, 0.5, vividness: 0.25)
    let pattern = random.pick([Material.Pattern.tiles, .noise, .planks, .checker, .speckle])
    floor = FloorPlane(
      Material(
        pattern, ground, ground * random.uniform(0.35, 0.8), size: random.uniform(0.2, 0.7),
        seed: Palette.seed(&random), gloss: random.uniform(0, 0.25)))
    let white = Palette.color(&random, 0.5, 0.85, vividness: 0.08)
    ceiling = (
      height, Material(.tiles, white, white * 0.6, size: 0.6, seed: Palette.seed(&random))
    )
  }

  private static func light(_ random: inout SimulationRandom) -> Lighting {
    var light = Lighting()
    light.sunDirection =
      Vector3(random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), 1).normalized
    let warmth = random.uniform(0.8, 1)
    light.sunColor = Vector3(0.5, 0.5 * warmth, 0.48 * warmth * warmth)
    let level = random.uniform(0.3, 0.5)
    light.ambientAbove = Vector3(repeating: level)
    light.ambientBelow = Vector3(repeating: level * 0.8)
    light.skyHorizon = Vector3(repeating: 0.25)
    light.hazePerMeter = 0.004
    light.lampSpacing = 3
    return light
  }

  func piece(_ index: Int) -> [Primitive] {
    var random = SimulationRandom(seed: seed, stream: 101, index: index)
    let clearance = Clearance(path: path, pieceStart: Double(index) * pieceLength)
    var solids: [Primitive] = []
    for side in [Float(-1), 1] {
      addWall(side, &solids, &random)
      addThings(side, &solids, &random, clearance)
    }
    addLamps(&solids, &random)
    if random.chance(0.2) { addGate(&solids, &random, clearance) }
    return solids
  }

  private func addWall(_ side: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom) {
    let length = Float(pieceLength)
    let y = side * (halfWidth + 0.1)
    var wall = Primitive.box(
      center: Vector3(length / 2, y, height / 2), size: Vector3(length, 0.2, height),
      random.pick(wallMaterials))
    wall.castsShadow = false
    solids.append(wall)
    let board = Palette.color(&random, 0.05, 0.4, vividness: 0.2)
    solids.append(
      .box(
        center: Vector3(length / 2, side * halfWidth, 0.05), size: Vector3(length, 0.03, 0.1),
        Material(.plain, board)))
    if random.chance(0.65) { addDoor(side, x: random.uniform(0.8, 2.4), &solids, &random) }
    if random.chance(0.3) {
      let depth = random.uniform(0.15, 0.35)
      solids.append(
        .box(
          center: Vector3(random.uniform(3.2, 5.6), side * (halfWidth - depth / 2), height / 2),
          size: Vector3(random.uniform(0.25, 0.5), depth, height), random.pick(wallMaterials)))
    }
    if random.chance(0.6) {
      let picture = Material(
        .poster, Palette.color(&random, 0.1, 0.7, vividness: 0.8),
        Palette.color(&random, 0.1, 0.7, vividness: 0.8),
        size: random.uniform(0.4, 0.9), seed: Palette.seed(&random), gloss: 0.2)
      solids.append(
        .box(
          center: Vector3(random.uniform(3, 5.3), side * (halfWidth - 0.01), random.uniform(1.2, 1.7)),
          size: Vector3(random.uniform(0.4, 1.2), 0.03, random.uniform(0.4, 0.9)), picture))
    }
  }

  private func addDoor(
    _ side: Float, x: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom
  ) {
    let wood = Palette.clutter(&random)
    let frame = Material(.plain, Palette.color(&random, 0.1, 0.6, vividness: 0.2))
    let handle = Material(.plain, Vector3(repeating: 0.5), gloss: 0.7)
    let width = random.uniform(0.8, 1.0)
    for edge in [Float(-1), 1] {
      solids.append(
        .box(
          center: Vector3(x + edge * (width / 2 + 0.05), side * (halfWidth - 0.01), 1.04),
          size: Vector3(0.1, 0.08, 2.1), frame))
    }
    solids.append(
      .box(center: Vector3(x, side * (halfWidth - 0.01), 2.12), size: Vector3(width + 0.2, 0.08, 0.1), frame))
    let opened: Float = halfWidth > 1.5 && random.chance(0.3) ? random.uniform(0.2, 1.3) : 0
    let turn = YawRotation(opened * side * -1)
    let middle = Vector3(turn.cosine, turn.sine, 0) * (width / 2)
    solids.append(
      .box(
        center: Vector3(x - width / 2, side * (halfWidth - 0.02), 1.03) + middle,
        size: Vector3(width, 0.045, 2.05), yaw: opened * side * -1, wood))
    if opened == 0 {
      solids.append(
        .sphere(center: Vector3(x + width * 0.4, side * (halfWidth - 0.08), 1.02), radius: 0.035, handle))
    }
  }

  private func addThings(
    _ side: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom, _ clearance: Clearance
  ) {
    for slot in 0..<4 where random.chance(0.42 * clutter) {
      let x = (Float(slot) + random.uniform(0.2, 0.8)) * Float(pieceLength) / 4
      let y = side * (halfWidth - random.uniform(0.3, halfWidth * 0.55))
      let object: [Primitive]
      switch random.next() % 7 {
      case 0, 1: object = Objects.boxes(&random)
      case 2, 3: object = Objects.furniture(&random)
      case 4: object = Objects.barrel(&random)
      case 5: object = Objects.cart(&random)
      default: object = Objects.person(&random, stride: nil)
      }
      guard clearance.isFree(x: x, y: y, radius: 0.35, margin: 0.3) else { continue }
      solids.add(object, x: x, y: y, yaw: random.uniform(-.pi, .pi))
    }
  }

  private func addLamps(_ solids: inout [Primitive], _ random: inout SimulationRandom) {
    let tube = Material(.plain, Vector3(0.9, 0.9, 0.85), glow: random.chance(0.9) ? 1.2 : 0)
    for x in [Float(0), 3] {
      var lamp = Primitive.box(
        center: Vector3(x, 0, height - 0.02), size: Vector3(1.1, 0.28, 0.06), tube)
      lamp.castsShadow = false
      solids.append(lamp)
    }
  }

  /// A wall across the corridor with an opening where the robot passes.
  private func addGate(
    _ solids: inout [Primitive], _ random: inout SimulationRandom, _ clearance: Clearance
  ) {
    let x = random.uniform(2, 4)
    let middle = clearance.lateral(x)
    let opening = random.uniform(0.5, 0.8)
    let material = random.pick(wallMaterials)
    let right = middle - opening
    let left = middle + opening
    for (low, high) in [(-halfWidth, right), (left, halfWidth)] where high - low > 0.05 {
      solids.append(
        .box(
          center: Vector3(x, (low + high) / 2, height / 2), size: Vector3(0.12, high - low, height), material)
      )
    }
    solids.append(
      .box(
        center: Vector3(x, middle, (2.1 + height) / 2), size: Vector3(0.12, 2 * opening, height - 2.1),
        material))
  }

  func moving(at time: Double, robot: CameraPath.State) -> [Primitive] {
    var solids: [Primitive] = []
    let oncoming = Stream(spacing: 11, speed: -1.1, seed: seed, stream: 110)
    oncoming.forEach(at: time, robotX: robot.x, behind: 3, ahead: 45) { random, x in
      let side = random.sign()
      let line = Float(path.lateral(atX: robot.x + x))
      let room = halfWidth - 0.28
      let y = max(-room, min(room, line + side * random.uniform(0.55, 0.9)))
      guard abs(y - line) > 0.5 || abs(x) > 1.2 else { return }
      let phase = Float(random.unit()) + Float((time * 0.9).truncatingRemainder(dividingBy: 1))
      solids.add(Objects.person(&random, stride: phase), x: Float(x), y: y, yaw: .pi)
    }
    let leader = Leader(
      slotSeconds: 17, presence: 0.6, nearGap: 1.1...4, farGap: 40, seed: seed, stream: 111)
    if let (identity, gap) = leader.current(at: time) {
      var random = identity
      let y = Float(path.lateral(atX: robot.x + gap)) + random.uniform(-0.25, 0.25)
      let phase = Float((robot.distance * 0.7).truncatingRemainder(dividingBy: 1))
      solids.add(Objects.person(&random, stride: phase), x: Float(gap), y: y)
      if random.chance(0.35) { solids.add(Objects.cart(&random), x: Float(gap) + 0.9, y: y) }
    }
    return solids
  }
}
