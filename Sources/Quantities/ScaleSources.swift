/// Which observations a scale rests on.
public struct ScaleSources: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The constant the model was trained to, good for the kind of camera it was trained on.
  public static let model = ScaleSources(rawValue: 1 << 0)
  /// A constant that a person has measured: from the configuration, or set by hand.
  public static let constant = ScaleSources(rawValue: 1 << 1)
  /// The pose network's translation against odometry.
  public static let pose = ScaleSources(rawValue: 1 << 2)
  /// How well depth, moved by odometry, explains the previous image.
  public static let photometric = ScaleSources(rawValue: 1 << 3)
  /// The camera's height over the fitted ground plane.
  public static let height = ScaleSources(rawValue: 1 << 4)
  /// Range points.
  public static let sparse = ScaleSources(rawValue: 1 << 5)
  /// A source this reader does not know.
  public static let other = ScaleSources(rawValue: 1 << 7)

  /// Every source and its word, in the order they are written.
  public static let words: [(source: ScaleSources, word: StaticString)] = [
    (.model, "model"), (.constant, "constant"), (.pose, "pose"), (.photometric, "photometric"),
    (.height, "height"), (.sparse, "sparse"), (.other, "other"),
  ]

  /// The sources' words, for people.
  public var names: [String] {
    Self.words.filter { contains($0.source) }.map(\.word.description)
  }

  /// The sources of these words; `other` stands for a word that is not known.
  public init(names: [String]) {
    self = []
    for name in names {
      formUnion(Self.words.first { $0.word.description == name }?.source ?? .other)
    }
  }
}
