public import Quantities

/// Something happened once: a camera came or went, the scale locked, a configuration was refused.
public struct EventMessage: StatusMessage, Equatable {
  public static let kind = TopicKind.event

  public enum Level: String, Codable, Sendable {
    case info, warning, error
  }

  public var stamp: WallTime
  public var time: MonotonicTime
  public var level: Level
  /// A short stable word for programs, for example `camera_lost`.
  public var code: String
  /// The camera concerned; nil when it concerns the daemon as a whole.
  public var camera: String?
  /// One sentence for a person.
  public var text: String

  public init(
    stamp: WallTime, time: MonotonicTime, level: Level, code: String, camera: String? = nil, text: String
  ) {
    self.stamp = stamp
    self.time = time
    self.level = level
    self.code = code
    self.camera = camera
    self.text = text
  }

  public func encodeFields(into writer: inout ByteWriter) {
    writer.field("stamp", stamp)
    writer.field("mono", time)
    writer.field("level", level.rawValue)
    writer.field("code", code)
    writer.field("camera", camera)
    writer.field("text", text)
  }
}

extension EventMessage: Decodable {
  private enum Key: String, CodingKey {
    case stamp, mono, level, code, camera, text
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    self.init(
      stamp: WallTime(nanoseconds: try fields.decode(WireTime.self, forKey: .stamp).nanoseconds),
      time: MonotonicTime(nanoseconds: try fields.decode(WireTime.self, forKey: .mono).nanoseconds),
      level: try fields.decode(Level.self, forKey: .level),
      code: try fields.decode(String.self, forKey: .code),
      camera: try fields.decodeIfPresent(String.self, forKey: .camera),
      text: try fields.decode(String.self, forKey: .text))
  }
}
