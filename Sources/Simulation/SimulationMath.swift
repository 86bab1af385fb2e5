/// Sine and cosine with the same bits on every machine: a world's frames must not depend on which
/// mathematics library is installed.
enum SimulationMath {
  static func sine(_ angle: Double) -> Double {
    let quarterTurns = (angle / (.pi / 2)).rounded()
    let r = angle - quarterTurns * (.pi / 2)
    switch Int(quarterTurns) & 3 {
    case 0: return sineNearZero(r)
    case 1: return cosineNearZero(r)
    case 2: return -sineNearZero(r)
    default: return -cosineNearZero(r)
    }
  }

  static func cosine(_ angle: Double) -> Double {
    sine(angle + .pi / 2)
  }

  /// Taylor series, good to 1e-15 for |x| up to a quarter of pi.
  private static func sineNearZero(_ x: Double) -> Double {
    let s = x * x
    var sum = 1 / 1_307_674_368_000.0
    for divisor in [6_227_020_800.0, 39_916_800, 362_880, 5040, 120, 6, 1] {
      sum = 1 / divisor - s * sum
    }
    return x * sum
  }

  private static func cosineNearZero(_ x: Double) -> Double {
    let s = x * x
    var sum = 1 / 20_922_789_888_000.0
    for divisor in [87_178_291_200.0, 479_001_600, 3_628_800, 40_320, 720, 24, 2, 1] {
      sum = 1 / divisor - s * sum
    }
    return sum
  }
}
