/// Seeded choices of colours and materials, in linear light.
enum Palette {
  /// A random colour of a given brightness; `vividness` 0 is grey.
  static func color(_ random: inout SimulationRandom, _ low: Float, _ high: Float, vividness: Float)
    -> Vector3
  {
    let level = random.uniform(low, high)
    let tint = Vector3(random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1))
    return (Vector3(repeating: 1) + tint * vividness).clamped(
      lowerBound: Vector3(repeating: 0.03), upperBound: Vector3(repeating: 2)) * level
  }

  static func paint(_ random: inout SimulationRandom) -> Vector3 {
    let cars: [Vector3] = [
      Vector3(0.75, 0.75, 0.76), Vector3(0.03, 0.03, 0.035), Vector3(0.28, 0.29, 0.31),
      Vector3(0.11, 0.12, 0.13), Vector3(0.42, 0.03, 0.03), Vector3(0.03, 0.08, 0.3),
      Vector3(0.02, 0.14, 0.07), Vector3(0.5, 0.42, 0.3), Vector3(0.6, 0.32, 0.03),
      Vector3(0.2, 0.3, 0.42),
    ]
    return random.pick(cars) * random.uniform(0.75, 1.15)
  }

  static func cloth(_ random: inout SimulationRandom) -> Material {
    let color = Self.color(&random, 0.03, 0.5, vividness: 0.8)
    let patterns: [Material.Pattern] = [.plain, .noise, .bands, .plain]
    return Material(
      random.pick(patterns), color, color * random.uniform(0.3, 0.9), size: random.uniform(0.05, 0.2),
      seed: seed(&random))
  }

  static func wall(_ random: inout SimulationRandom) -> Material {
    let color = Self.color(&random, 0.18, 0.75, vividness: 0.25)
    let patterns: [Material.Pattern] = [.noise, .bricks, .tiles, .noise, .planks, .bands]
    let pattern = random.pick(patterns)
    let size: Float = pattern == .bricks ? 0.24 : random.uniform(0.3, 1.2)
    return Material(pattern, color, color * random.uniform(0.55, 0.85), size: size, seed: seed(&random))
  }

  static func facade(_ random: inout SimulationRandom) -> Material {
    if random.chance(0.25) { return wall(&random) }
    let color = Self.color(&random, 0.12, 0.65, vividness: 0.3)
    return Material(
      .windows, color, Vector3(0.05, 0.07, 0.1), size: random.uniform(2.2, 4), seed: seed(&random),
      gloss: 0.1)
  }

  static func clutter(_ random: inout SimulationRandom) -> Material {
    let color = Self.color(&random, 0.05, 0.65, vividness: 0.7)
    let patterns: [Material.Pattern] = [.plain, .planks, .checker, .poster, .noise, .bands, .speckle]
    return Material(
      random.pick(patterns), color, color * random.uniform(0.25, 1.3), size: random.uniform(0.12, 0.6),
      seed: seed(&random), gloss: random.uniform(0, 0.25))
  }

  static func leaves(_ random: inout SimulationRandom) -> Material {
    let green = Vector3(random.uniform(0.03, 0.16), random.uniform(0.1, 0.24), random.uniform(0.02, 0.06))
    return Material(
      .speckle, green, green * random.uniform(0.15, 0.4), size: random.uniform(0.12, 0.35),
      seed: seed(&random))
  }

  static func seed(_ random: inout SimulationRandom) -> UInt32 {
    UInt32(truncatingIfNeeded: random.next())
  }
}
