extension Objects {
  /// A tree: trunk, and a crown of a few leafy balls.
  static func tree(_ random: inout SimulationRandom) -> [Primitive] {
    let height = random.uniform(3, 9)
    let trunk = random.uniform(0.09, 0.3)
    let bark = Vector3(0.12, 0.085, 0.06) * random.uniform(0.6, 1.6)
    let leaves = Palette.leaves(&random)
    let crown = height * random.uniform(0.2, 0.32)
    var parts: [Primitive] = [
      .cylinder(
        from: Vector3(0, 0, 0), to: Vector3(random.uniform(-0.2, 0.2), 0, height * 0.6), radius: trunk,
        Material(.noise, bark, bark * 0.4, size: 0.12, seed: Palette.seed(&random)))
    ]
    for _ in 0..<4 {
      let place = Vector3(
        random.uniform(-0.6, 0.6) * crown, random.uniform(-0.6, 0.6) * crown,
        height * random.uniform(0.6, 0.95))
      let radius = crown * random.uniform(0.6, 1)
      parts.append(
        .ellipsoid(center: place, radii: Vector3(radius, radius, radius * random.uniform(0.7, 1.1)), leaves))
    }
    return parts
  }

  /// A bush or hedge ball.
  static func bush(_ random: inout SimulationRandom) -> [Primitive] {
    let leaves = Palette.leaves(&random)
    return (0..<2).map { _ in
      let radius = random.uniform(0.25, 0.7)
      return .ellipsoid(
        center: Vector3(random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3), radius * 0.6),
        radii: Vector3(radius, radius, radius * random.uniform(0.7, 1.2)), leaves)
    }
  }

  /// A lamp post, bollard or sign.
  static func pole(_ random: inout SimulationRandom) -> [Primitive] {
    let metal = Material(.plain, Palette.color(&random, 0.05, 0.4, vividness: 0.15), gloss: 0.3)
    switch random.next() % 3 {
    case 0:
      let height = random.uniform(4, 8)
      return [
        .cylinder(from: .zero, to: Vector3(0, 0, height), radius: random.uniform(0.05, 0.11), metal),
        .capsule(
          from: Vector3(0, 0, height), to: Vector3(0, random.sign() * 1.1, height + 0.15), radius: 0.06, metal
        ),
      ]
    case 1:
      let band = Material(.bands, Vector3(0.7, 0.7, 0.7), Vector3(0.6, 0.03, 0.03), size: 0.4)
      return [
        .cylinder(
          from: .zero, to: Vector3(0, 0, random.uniform(0.7, 1.1)), radius: random.uniform(0.05, 0.1), band)
      ]
    default:
      let height = random.uniform(2, 2.8)
      let face = Material(
        .poster, Palette.color(&random, 0.2, 0.7, vividness: 0.9), Vector3(repeating: 0.75), size: 0.9,
        seed: Palette.seed(&random))
      return [
        .cylinder(from: .zero, to: Vector3(0, 0, height), radius: 0.035, metal),
        .box(center: Vector3(-0.04, 0, height - 0.3), size: Vector3(0.03, 0.65, 0.65), face),
      ]
    }
  }

  /// One box, or a stack of two, of 0.2 to 1.2 m.
  static func boxes(_ random: inout SimulationRandom) -> [Primitive] {
    let size = Vector3(random.uniform(0.25, 1.1), random.uniform(0.25, 0.9), random.uniform(0.2, 1.0))
    var parts: [Primitive] = [
      .box(
        center: Vector3(0, 0, size.z / 2), size: size, yaw: random.uniform(-0.6, 0.6),
        Palette.clutter(&random))
    ]
    if random.chance(0.4) {
      let upper = size * random.uniform(0.5, 0.85)
      parts.append(
        .box(
          center: Vector3(random.uniform(-0.05, 0.05), 0, size.z + upper.z / 2), size: upper,
          yaw: random.uniform(-0.8, 0.8), Palette.clutter(&random)))
    }
    return parts
  }

  /// A barrel, standing or lying.
  static func barrel(_ random: inout SimulationRandom) -> [Primitive] {
    let color = Palette.color(&random, 0.05, 0.5, vividness: 0.9)
    let skin = Material(.bands, color, color * 0.75, size: 0.3, seed: Palette.seed(&random), gloss: 0.2)
    let radius = random.uniform(0.25, 0.34)
    if random.chance(0.75) {
      return [.cylinder(from: .zero, to: Vector3(0, 0, random.uniform(0.75, 0.95)), radius: radius, skin)]
    }
    return [
      .cylinder(from: Vector3(-0.42, 0, radius), to: Vector3(0.42, 0, radius), radius: radius, skin)
    ]
  }

  /// A chair or table: a top on four legs, sometimes with a back.
  static func furniture(_ random: inout SimulationRandom) -> [Primitive] {
    let isTable = random.chance(0.5)
    let top = isTable ? random.uniform(0.68, 0.78) : random.uniform(0.4, 0.5)
    let width = isTable ? random.uniform(0.6, 1.4) : random.uniform(0.4, 0.5)
    let depth = isTable ? random.uniform(0.5, 0.8) : width
    let wood = Palette.clutter(&random)
    let legs = Material(.plain, Palette.color(&random, 0.02, 0.4, vividness: 0.2), gloss: 0.3)
    var parts: [Primitive] = [.box(center: Vector3(0, 0, top), size: Vector3(width, depth, 0.05), wood)]
    for x in [-0.45 * width, 0.45 * width] {
      for y in [-0.45 * depth, 0.45 * depth] {
        parts.append(.cylinder(from: Vector3(x, y, 0), to: Vector3(x, y, top), radius: 0.022, legs))
      }
    }
    if !isTable {
      parts.append(
        .box(
          center: Vector3(-0.45 * width, 0, top + 0.28), size: Vector3(0.05, depth, 0.4), wood))
    }
    return parts
  }
}
