/// How a surface looks: a pattern between two colours.
package struct Material: Sendable {
  /// What the pattern is; its unit is one period per `size` metres.
  package enum Pattern: Sendable {
    case plain
    case checker
    /// Courses of bricks, half offset, with joints in the second colour.
    case bricks
    /// Square tiles with joints in the second colour.
    case tiles
    /// Stripes along v.
    case stripes
    /// Stripes along u.
    case bands
    /// Three octaves of value noise.
    case noise
    /// High-contrast noise: leaves, gravel.
    case speckle
    /// Long boards with a grain.
    case planks
    /// A facade: panes in the second colour, some lit, in a plain wall.
    case windows
    /// A street: asphalt with lane markings, by lateral position (ground only).
    case road
    /// A framed picture of random rectangles: posters, signs, screens.
    case poster
  }

  package var pattern: Pattern
  /// Linear light, 0 to 1.
  package var first: Vector3
  package var second: Vector3
  /// Size of one period of the pattern, metres.
  package var size: Float
  package var seed: UInt32
  /// Strength of the mirror-like highlight, 0 to 1.
  package var gloss: Float
  /// Light of its own: lamps and lit panels.
  package var glow: Float

  package init(
    _ pattern: Pattern, _ first: Vector3, _ second: Vector3 = .zero, size: Float = 1, seed: UInt32 = 0,
    gloss: Float = 0, glow: Float = 0
  ) {
    self.pattern = pattern
    self.first = first
    self.second = second
    self.size = size
    self.seed = seed
    self.gloss = gloss
    self.glow = glow
  }
}
