/// A small seeded generator (SplitMix64): the same seed gives the same sequence on every machine.
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
package struct SimulationRandom: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  /// An independent stream for one purpose (`stream`) and one place in it (`index`).
  package init(seed: UInt64, stream: UInt64, index: Int = 0) {
    let mixed = Self.mix(seed ^ Self.mix(stream &* 0x9E37_79B9_7F4A_7C15))
    state = Self.mix(mixed ^ UInt64(bitPattern: Int64(index)) &* 0xD1B5_4A32_D192_ED03)
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [0, 1).
  package mutating func unit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  package mutating func real(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * unit()
  }

  mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(unit())
  }

  mutating func chance(_ probability: Double) -> Bool {
    unit() < probability
  }

  /// -1 or 1.
  mutating func sign() -> Float {
    next() & 1 == 0 ? -1 : 1
  }

  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int(next() % UInt64(choices.count))]
  }

  /// Standard normal, by summing twelve uniforms (Irwin-Hall): no transcendental functions, so the bits do
  /// not depend on the mathematics library.
  package mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += unit() }
    return sum
  }
}
