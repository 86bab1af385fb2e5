/// Things that stand in a world, built from primitives around the origin of their own axes: x forward,
/// y left, z up, standing on z = 0.
enum Objects {
  /// A walking or standing person of about 1.5 to 1.9 m.
  /// - Parameter stride: phase of the walk in turns; the legs swing with it. Nil = standing.
  static func person(_ random: inout SimulationRandom, stride: Float?) -> [Primitive] {
    let height = random.uniform(1.5, 1.92)
    let top = Palette.cloth(&random)
    let trousers = Palette.cloth(&random)
    let skin = Material(.plain, Vector3(0.5, 0.32, 0.22) * random.uniform(0.25, 1.3))
    let hair = Material(.plain, Palette.color(&random, 0.01, 0.12, vividness: 0.4))
    let build = random.uniform(0.85, 1.2)
    let swing = stride.map { 0.32 * Float(SimulationMath.sine(Double($0) * 2 * .pi)) } ?? 0.03
    let hip = height * 0.5
    let shoulder = height * 0.8
    var parts: [Primitive] = []
    for side in [Float(-1), 1] {
      let legSwing = swing * side
      parts.append(
        .capsule(
          from: Vector3(0, 0.09 * side, hip), to: Vector3(legSwing, 0.1 * side, 0.07), radius: 0.075 * build,
          trousers))
      parts.append(
        .capsule(
          from: Vector3(0, 0.2 * side * build, shoulder),
          to: Vector3(-legSwing * 0.8, 0.26 * side * build, hip - 0.02), radius: 0.05, top))
    }
    parts.append(
      .capsule(from: Vector3(0, 0, hip), to: Vector3(0.02, 0, shoulder - 0.08), radius: 0.165 * build, top))
    parts.append(.sphere(center: Vector3(0.02, 0, height - 0.12), radius: 0.115, skin))
    parts.append(.sphere(center: Vector3(-0.005, 0, height - 0.1), radius: 0.12, hair))
    return parts
  }

  /// A cart that somebody pushes: a tray on wheels with boxes on it.
  static func cart(_ random: inout SimulationRandom) -> [Primitive] {
    let frame = Material(.plain, Vector3(repeating: random.uniform(0.1, 0.5)), gloss: 0.4)
    let rubber = Material(.plain, Vector3(repeating: 0.03))
    let length = random.uniform(0.7, 1.3)
    let width = random.uniform(0.5, 0.8)
    var parts: [Primitive] = [
      .box(center: Vector3(0, 0, 0.3), size: Vector3(length, width, 0.06), frame)
    ]
    for x in [-0.42 * length, 0.42 * length] {
      for y in [-0.4 * width, 0.4 * width] {
        parts.append(
          .cylinder(from: Vector3(x, y - 0.02, 0.1), to: Vector3(x, y + 0.02, 0.1), radius: 0.1, rubber))
        parts.append(
          .cylinder(from: Vector3(x, y, 0.1), to: Vector3(x, y, 0.3), radius: 0.015, frame))
      }
      parts.append(
        .capsule(
          from: Vector3(x, -0.45 * width, 0.95), to: Vector3(x, 0.45 * width, 0.95), radius: 0.02, frame))
    }
    let load = random.uniform(0.2, 0.6)
    parts.append(
      .box(
        center: Vector3(random.uniform(-0.1, 0.1), 0, 0.33 + load / 2),
        size: Vector3(length * random.uniform(0.5, 0.9), width * 0.85, load), yaw: random.uniform(-0.1, 0.1),
        Palette.clutter(&random)))
    return parts
  }
}
