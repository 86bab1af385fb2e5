/// A message of the status endpoint: one ZeroMQ frame, the topic followed at once by one JSON object, as in
/// `health/{"v":1,…}`.
///
/// One frame, so that ZMQ_CONFLATE is safe here too; the JSON starts at the first `{`.
public protocol StatusMessage: Sendable {
  static var kind: TopicKind { get }
  /// Writes the members between the braces, after `v` and `type`.
  func encodeFields(into writer: inout ByteWriter)
}

extension StatusMessage {
  /// Appends the JSON object alone.
  public func encodeObject(into writer: inout ByteWriter) {
    writer.beginObject()
    writer.field("v", DepthHeader.version)
    writer.field("type", Self.kind.rawValue)
    encodeFields(into: &writer)
    writer.endObject()
  }

  /// Replaces the writer's content by the whole frame: topic, then JSON.
  public func encodeFrame(into writer: inout ByteWriter) {
    writer.clear()
    writer.append(utf8: Self.kind.rawValue)
    writer.append(UInt8(ascii: "/"))
    encodeObject(into: &writer)
  }
}

/// Splits a status frame into its topic and the bytes of its JSON object.
/// - Throws: `.malformedFrame` when there is no JSON, `.unknownTopic` for a topic of a newer daemon.
public func parseStatusFrame(
  _ frame: UnsafeRawBufferPointer
) throws(WireFormatError) -> (topic: Topic, json: Range<Int>) {
  guard let brace = frame.firstIndex(of: UInt8(ascii: "{")) else {
    throw .malformedFrame(reason: "status frame without a JSON object")
  }
  let topic = try Topic(parsing: String(decoding: frame[..<brace], as: UTF8.self))
  return (topic, brace..<frame.count)
}
