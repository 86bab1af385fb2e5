public import Quantities

/// Why a name cannot go on the wire or a message cannot be read.
public enum WireFormatError: ReportableError, Equatable {
  /// A camera name that cannot be part of a topic.
  case badCameraName(String)
  /// Text that is not one of the product's topics.
  case unknownTopic(String)
  /// A single-frame message that does not follow the layout of docs/wire.md.
  case malformedFrame(reason: String)
  /// Text that is not JSON, with the byte where reading stopped.
  case malformedJSON(reason: String, offset: Int)
  /// A payload whose length contradicts its header.
  case payloadSize(topic: String, expected: Int, found: Int)

  public var severity: ErrorSeverity {
    switch self {
    case .badCameraName, .unknownTopic: .stop
    case .malformedFrame, .malformedJSON, .payloadSize: .skip
    }
  }

  public var description: String {
    switch self {
    case .badCameraName(let name):
      "camera name \"\(name)\" cannot be part of a topic. Use 1 to \(Topic.longestCameraName) of a-z, 0-9, _ and -."
    case .unknownTopic(let text):
      "\"\(text)\" is not a topic. Topics are \(Topic.examples) and end in \"/\"."
    case .malformedFrame(let reason):
      "message is not in the single-frame layout: \(reason). Check that the sender speaks wire version 1."
    case .malformedJSON(let reason, let offset):
      "JSON cannot be read at byte \(offset): \(reason)"
    case .payloadSize(let topic, let expected, let found):
      "\(topic) carries \(found) bytes but its header describes \(expected); the message was dropped."
    }
  }
}
