public import Quantities

/// Which observations a scale rests on.
public struct ScaleSources: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The constant the model was trained to.
  public static let model = ScaleSources(rawValue: 1 << 0)
  /// A constant from the configuration.
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

  private static let table: [(source: ScaleSources, name: StaticString)] = [
    (.model, "model"), (.constant, "constant"), (.pose, "pose"), (.photometric, "photometric"),
    (.height, "height"), (.sparse, "sparse"), (.other, "other"),
  ]

  public init(_ source: ScaleEstimate.Source) {
    switch source {
    case .model: self = .model
    case .constant: self = .constant
    }
  }

  /// The sources' words, for people.
  public var names: [String] {
    Self.table.filter { contains($0.source) }.map(\.name.description)
  }

  func encode(_ key: StaticString, into writer: inout ByteWriter) {
    writer.beginArray(key)
    for row in Self.table where contains(row.source) { writer.element(literal: row.name) }
    writer.endArray()
  }
}

extension ScaleSources: Decodable {
  public init(from decoder: any Decoder) throws {
    var words = try decoder.unkeyedContainer()
    var sources: ScaleSources = []
    while !words.isAtEnd {
      let word = try words.decode(String.self)
      sources.formUnion(Self.table.first { $0.name.description == word }?.source ?? .other)
    }
    self = sources
  }
}
