/// A name on the wire: `front/depth/` for frames, `info/` for status.
///
/// ZeroMQ matches subscriptions by byte prefix, so every topic ends in `/`: otherwise `front/depth` would
/// also match `front/depth16`.
public struct Topic: Hashable, Sendable, CustomStringConvertible {
  /// Longest camera name: the single-frame layout gives a topic 32 bytes, at least one of them NUL.
  public static let longestCameraName = 19
  static let examples = "CAMERA/depth/, CAMERA/image/, info/, health/"

  public let kind: TopicKind
  /// The camera's name; empty for status topics.
  public let camera: String
  /// The bytes that go on the wire, as text.
  public let name: String

  /// A status topic.
  /// - Throws: `.unknownTopic` when `kind` belongs to a camera.
  public init(status kind: TopicKind) throws(WireFormatError) {
    guard kind.channel == .status else { throw .unknownTopic(kind.rawValue) }
    self.kind = kind
    self.camera = ""
    self.name = kind.rawValue + "/"
  }

  /// A camera's topic.
  /// - Throws: `.badCameraName`, or `.unknownTopic` when `kind` is a status topic.
  public init(camera: String, _ kind: TopicKind) throws(WireFormatError) {
    guard kind.channel == .frames else { throw .unknownTopic(kind.rawValue) }
    guard Self.isCameraName(camera) else { throw .badCameraName(camera) }
    self.kind = kind
    self.camera = camera
    self.name = camera + "/" + kind.rawValue + "/"
  }

  /// Reads a topic from its name.
  public init(parsing text: String) throws(WireFormatError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    switch parts.count {
    case 2 where parts[1].isEmpty:
      guard let kind = TopicKind(rawValue: String(parts[0])) else { throw .unknownTopic(text) }
      try self.init(status: kind)
    case 3 where parts[2].isEmpty:
      guard let kind = TopicKind(rawValue: String(parts[1])) else { throw .unknownTopic(text) }
      try self.init(camera: String(parts[0]), kind)
    default:
      throw .unknownTopic(text)
    }
  }

  public var description: String { name }

  /// Whether `text` can name a camera: a-z, 0-9, `_` and `-`, at most `longestCameraName` bytes.
  public static func isCameraName(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...longestCameraName).contains(bytes.count) else { return false }
    return bytes.allSatisfy { byte in
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
    }
  }
}
