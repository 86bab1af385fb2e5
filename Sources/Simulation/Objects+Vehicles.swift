extension Objects {
  /// A car or van: body, cabin with glass, wheels, lamps, plates.
  static func car(_ random: inout SimulationRandom) -> [Primitive] {
    let isVan = random.chance(0.25)
    let length = isVan ? random.uniform(4.6, 5.6) : random.uniform(3.5, 4.8)
    let width = isVan ? random.uniform(1.85, 2.05) : random.uniform(1.62, 1.85)
    let waist = isVan ? random.uniform(1.0, 1.15) : random.uniform(0.82, 0.98)
    let height = isVan ? random.uniform(1.9, 2.5) : random.uniform(1.38, 1.72)
    let paint = Material(.plain, Palette.paint(&random), gloss: 0.5)
    let glass = Material(.plain, Vector3(0.02, 0.025, 0.03), gloss: 0.9)
    let dark = Material(.plain, Vector3(repeating: 0.025))
    let clearance: Float = 0.22
    var parts: [Primitive] = [
      .box(
        center: Vector3(0, 0, (clearance + waist) / 2), size: Vector3(length, width, waist - clearance), paint
      ),
      .box(
        center: Vector3(0, 0, 0.36), size: Vector3(length + 0.08, width - 0.1, 0.16), dark),
    ]
    let cabinLength = isVan ? length * 0.82 : length * random.uniform(0.48, 0.6)
    let cabinX = isVan ? -length * 0.08 : -length * random.uniform(0.03, 0.1)
    let cabinTop = height - 0.06
    parts.append(
      .box(
        center: Vector3(cabinX, 0, (waist + cabinTop) / 2),
        size: Vector3(cabinLength, width * 0.9, cabinTop - waist), isVan ? paint : glass))
    parts.append(
      .box(
        center: Vector3(cabinX, 0, cabinTop + 0.03), size: Vector3(cabinLength * 0.86, width * 0.84, 0.06),
        paint)
    )
    if isVan {
      for end in [Float(-1), 1] {
        parts.append(
          .box(
            center: Vector3(cabinX + end * cabinLength / 2, 0, waist + (cabinTop - waist) * 0.55),
            size: Vector3(0.03, width * 0.76, (cabinTop - waist) * 0.55), glass))
      }
    } else {
      for x in [cabinX - cabinLength * 0.47, cabinX + cabinLength * 0.47] {
        for y in [-0.44 * width, 0.44 * width] {
          parts.append(
            .capsule(
              from: Vector3(x, y, waist), to: Vector3(x * 0.9 + cabinX * 0.1, y * 0.95, cabinTop),
              radius: 0.045, paint))
        }
      }
    }
    parts += wheels(axles: [-length * 0.31, length * 0.3], width: width, radius: random.uniform(0.29, 0.36))
    parts += lamps(length: length, width: width, height: waist * 0.78, paint: paint)
    return parts
  }

  /// A lorry or bus of 2.6 to 3.8 m height.
  static func truck(_ random: inout SimulationRandom) -> [Primitive] {
    let length = random.uniform(6, 11)
    let width = random.uniform(2.2, 2.55)
    let height = random.uniform(2.6, 3.8)
    let bed: Float = random.uniform(0.7, 1.1)
    let cab = Material(.plain, Palette.paint(&random), gloss: 0.35)
    let dark = Material(.plain, Vector3(repeating: 0.03))
    let glass = Material(.plain, Vector3(0.02, 0.025, 0.03), gloss: 0.9)
    let cabLength = random.uniform(1.7, 2.3)
    let boxLength = length - cabLength - 0.25
    let cargo: Material
    switch random.next() % 4 {
    case 0: cargo = Material(.plain, Palette.paint(&random), gloss: 0.2)
    case 1: cargo = Palette.clutter(&random)
    case 2:
      let color = Palette.paint(&random)
      cargo = Material(.stripes, color, color * 0.6, size: 0.35, gloss: 0.15)
    default: cargo = Material(.poster, Palette.paint(&random), Palette.paint(&random), size: 3)
    }
    let boxX = -length / 2 + boxLength / 2
    var parts: [Primitive] = [
      .box(
        center: Vector3(boxX, 0, (bed + height) / 2), size: Vector3(boxLength, width, height - bed), cargo),
      .box(
        center: Vector3(length / 2 - cabLength / 2, 0, (0.45 + height * 0.85) / 2),
        size: Vector3(cabLength, width * 0.96, height * 0.85 - 0.45), cab),
      .box(
        center: Vector3(length / 2, 0, height * 0.62), size: Vector3(0.04, width * 0.84, height * 0.24), glass
      ),
      .box(center: Vector3(0, 0, bed - 0.15), size: Vector3(length - 0.5, 0.9, 0.25), dark),
      .box(center: Vector3(-length / 2, 0, 0.5), size: Vector3(0.12, width * 0.9, 0.12), dark),
      .box(
        center: Vector3(-length / 2 - 0.01, 0, (bed + height) / 2), size: Vector3(0.02, 0.04, height - bed),
        dark),
    ]
    parts += wheels(
      axles: [-length * 0.36, -length * 0.25, length * 0.38], width: width, radius: random.uniform(0.42, 0.52)
    )
    parts += lamps(length: length, width: width, height: bed, paint: cab)
    return parts
  }

  private static func wheels(axles: [Float], width: Float, radius: Float) -> [Primitive] {
    let rubber = Material(.plain, Vector3(repeating: 0.02))
    let rim = Material(.plain, Vector3(repeating: 0.4), gloss: 0.5)
    var parts: [Primitive] = []
    for x in axles {
      for side in [Float(-1), 1] {
        let outer = side * width * 0.505
        let inner = side * (width * 0.505 - 0.2)
        parts.append(
          .cylinder(from: Vector3(x, inner, radius), to: Vector3(x, outer, radius), radius: radius, rubber))
        parts.append(
          .cylinder(
            from: Vector3(x, inner, radius), to: Vector3(x, outer + side * 0.012, radius),
            radius: radius * 0.58,
            rim))
      }
    }
    return parts
  }

  private static func lamps(length: Float, width: Float, height: Float, paint: Material) -> [Primitive] {
    let red = Material(.plain, Vector3(0.5, 0.02, 0.02), gloss: 0.5, glow: 0.5)
    let white = Material(.plain, Vector3(0.8, 0.8, 0.75), gloss: 0.6, glow: 0.2)
    let plate = Material(.poster, Vector3(0.7, 0.7, 0.6), Vector3(0.1, 0.1, 0.1), size: 0.5)
    var parts: [Primitive] = []
    for side in [Float(-1), 1] {
      parts.append(
        .box(center: Vector3(-length / 2, side * width * 0.41, height), size: Vector3(0.05, 0.22, 0.16), red))
      parts.append(
        .box(center: Vector3(length / 2, side * width * 0.38, height), size: Vector3(0.06, 0.3, 0.14), white))
    }
    for end in [Float(-1), 1] {
      parts.append(
        .box(
          center: Vector3(end * (length / 2 + 0.045), 0, height * 0.62), size: Vector3(0.02, 0.5, 0.12), plate
        ))
    }
    return parts
  }
}
