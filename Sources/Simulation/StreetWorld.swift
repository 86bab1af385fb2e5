/// A street: road, kerbs, buildings, parked and moving vehicles, trees, poles, pedestrians, sky.
struct StreetWorld: World {
  let pieceLength = 20.0
  let sightAhead = 170.0
  let sightBehind = 20.0
  let path: CameraPath
  let lighting: Lighting
  let floor: FloorPlane
  let ceiling: (height: Float, material: Material)? = nil

  let seed: UInt64
  /// Lateral position of the kerbs, metres.
  let rightKerb: Float
  let leftKerb: Float
  /// The left lane goes the robot's way too, and there is no oncoming traffic.
  let isMotorway: Bool
  private let rightParking: Bool
  private let leftParking: Bool
  private let pavement: Float
  private let pavementMaterial: Material
  private let greenery: Double
  private let buildings: Double
  private let tallest: Float

  init(seed: UInt64) {
    var random = SimulationRandom(seed: seed, stream: 200)
    self.seed = seed
    isMotorway = random.chance(0.2)
    rightParking = !isMotorway && random.chance(0.65)
    leftParking = !isMotorway && random.chance(0.65)
    rightKerb = -(1.9 + (rightParking ? 2.2 : random.uniform(0.1, 1.2)))
    leftKerb = 5.3 + (leftParking ? 2.2 : random.uniform(0, 0.8))
    pavement = random.uniform(1.5, 4)
    let slab = Palette.color(&random, 0.2, 0.45, vividness: 0.1)
    pavementMaterial = Material(
      random.pick([.tiles, .noise, .bricks]), slab, slab * 0.7, size: random.uniform(0.4, 1),
      seed: Palette.seed(&random))
    greenery = random.real(0.2, 1)
    buildings = isMotorway ? 0.15 : random.real(0.4, 1)
    tallest = random.uniform(6, 24)
    path = CameraPath(
      CameraPath.Shape(period: 300, lateralReach: 0.45, waves: [2, 5, 7]),
      speed: SpeedProfile(topSpeed: random.real(7, 11), slotSeconds: 6, stops: 0.07, seed: seed), seed: seed)
    lighting = Self.light(&random)
    let asphalt = Vector3(repeating: random.uniform(0.08, 0.22))
    let grass = Vector3(random.uniform(0.08, 0.2), random.uniform(0.13, 0.22), 0.05)
    floor = FloorPlane(
      inner: Material(.road, asphalt, Vector3(repeating: 0.62), size: 1.75, seed: Palette.seed(&random)),
      lateral: rightKerb...leftKerb,
      outer: Material(.noise, grass, grass * 0.4, size: 0.5, seed: Palette.seed(&random)))
  }

  /// Daylight between noon and late afternoon, clear to overcast.
  static func light(_ random: inout SimulationRandom) -> Lighting {
    var light = Lighting()
    let elevation = random.uniform(0.35, 1.6)
    let turn = YawRotation(random.uniform(-.pi, .pi))
    light.sunDirection = Vector3(turn.cosine, turn.sine, elevation).normalized
    light.cloudCover = random.uniform(0, 1)
    let strength = 1.25 - 0.85 * light.cloudCover
    let warmth = smoothStep(1.2, 0.35, elevation) * 0.35
    light.sunColor = Vector3(1, 0.95 - 0.3 * warmth, 0.88 - 0.7 * warmth) * strength
    light.castsShadows = light.cloudCover < 0.75
    let cloudy = light.cloudCover
    light.ambientAbove = mix(Vector3(0.3, 0.36, 0.46), Vector3(0.5, 0.51, 0.53), cloudy)
    light.ambientBelow = mix(Vector3(0.15, 0.14, 0.12), Vector3(0.2, 0.2, 0.2), cloudy)
    light.skyZenith = mix(Vector3(0.12, 0.28, 0.66), Vector3(0.5, 0.53, 0.57), cloudy)
    light.skyHorizon = mix(Vector3(0.6, 0.72, 0.85), Vector3(0.72, 0.73, 0.75), cloudy)
    light.cloudSeed = Palette.seed(&random)
    light.hazePerMeter = random.chance(0.15) ? random.uniform(0.006, 0.02) : random.uniform(0.0008, 0.004)
    return light
  }

  func piece(_ index: Int) -> [Primitive] {
    var random = SimulationRandom(seed: seed, stream: 201, index: index)
    var solids: [Primitive] = []
    for side in [Float(-1), 1] {
      let kerb = side < 0 ? rightKerb : leftKerb
      addPavement(side, kerb, &solids)
      addRoadside(side, kerb, &solids, &random)
      if side < 0 ? rightParking : leftParking { addParked(side, kerb, &solids, &random) }
      addBackground(side, kerb + side * (pavement + random.uniform(0.2, 2.5)), &solids, &random)
    }
    return solids
  }

  private func addPavement(_ side: Float, _ kerb: Float, _ solids: inout [Primitive]) {
    let length = Float(pieceLength)
    let stone = Material(.noise, Vector3(repeating: 0.42), Vector3(repeating: 0.25), size: 0.6)
    var edge = Primitive.box(
      center: Vector3(length / 2, kerb + side * 0.09, 0.06), size: Vector3(length, 0.18, 0.13), stone)
    edge.castsShadow = false
    solids.append(edge)
    var slabs = Primitive.box(
      center: Vector3(length / 2, kerb + side * (0.18 + pavement / 2), 0.055),
      size: Vector3(length, pavement, 0.12), pavementMaterial)
    slabs.castsShadow = false
    solids.append(slabs)
  }

  /// Trees, poles, bins and people who stand about.
  private func addRoadside(
    _ side: Float, _ kerb: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom
  ) {
    for slot in 0..<4 {
      let x = (Float(slot) + random.uniform(0.1, 0.9)) * 5
      let y = kerb + side * random.uniform(0.35, pavement)
      if random.chance(0.3 * greenery) {
        solids.add(Objects.tree(&random), x: x, y: kerb + side * random.uniform(0.6, pavement + 1))
      }
      if random.chance(0.35) { solids.add(Objects.pole(&random), x: x + 1.1, y: kerb + side * 0.45) }
      if random.chance(0.25) {
        solids.add(Objects.person(&random, stride: nil), x: x + 2, y: y, z: 0.115, yaw: random.uniform(-3, 3))
      }
      if random.chance(0.2) { solids.add(Objects.boxes(&random), x: x + 3, y: y, z: 0.115) }
      if random.chance(0.08) { solids.add(Objects.barrel(&random), x: x + 3.5, y: y, z: 0.115) }
    }
  }

  private func addParked(
    _ side: Float, _ kerb: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom
  ) {
    for slot in 0..<3 where random.chance(0.7) {
      let x = (Float(slot) + 0.5) * Float(pieceLength) / 3 + random.uniform(-0.5, 0.5)
      let object = random.chance(0.06) ? Objects.truck(&random) : Objects.car(&random)
      let facing: Float = side < 0 ? 0 : .pi
      solids.add(
        object, x: x, y: kerb - side * random.uniform(1.05, 1.2), yaw: facing + random.uniform(-0.04, 0.04))
    }
  }

  /// What closes the view: houses, walls, hedges, fences.
  private func addBackground(
    _ side: Float, _ front: Float, _ solids: inout [Primitive], _ random: inout SimulationRandom
  ) {
    let length = Float(pieceLength)
    if random.chance(buildings) {
      var x: Float = 0
      while x < length - 4 {
        let width = min(length - x, random.uniform(6, 14))
        let height = random.uniform(3.5, tallest)
        let depth = random.uniform(6, 12)
        let set = random.uniform(0, 1.5)
        solids.append(
          .box(
            center: Vector3(x + width / 2, front + side * (depth / 2 + set), height / 2),
            size: Vector3(width - random.uniform(0.05, 1.5), depth, height), Palette.facade(&random)))
        solids.append(
          .box(
            center: Vector3(x + width * random.uniform(0.3, 0.7), front + side * (set - 0.02), 1.1),
            size: Vector3(random.uniform(0.9, 2.6), 0.12, 2.2), Palette.clutter(&random)))
        x += width
      }
    } else if random.chance(0.5) {
      let height = random.uniform(0.8, 2.2)
      let material = random.chance(0.5) ? Palette.leaves(&random) : Palette.wall(&random)
      solids.append(
        .box(
          center: Vector3(length / 2, front + side * 0.3, height / 2),
          size: Vector3(length, random.uniform(0.2, 0.8), height), material))
    }
    for _ in 0..<3 where random.chance(greenery) {
      let y = front + side * random.uniform(2, 14)
      let x = random.uniform(0, length)
      if random.chance(0.6) {
        solids.add(Objects.tree(&random), x: x, y: y)
      } else {
        solids.add(Objects.bush(&random), x: x, y: y)
      }
    }
  }
}
