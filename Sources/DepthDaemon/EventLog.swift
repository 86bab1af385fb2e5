import Foundation
import WireFormat

/// The last events, on disk, so that a field engineer can see what happened before a restart.
///
/// One JSON object per line in `events.jsonl` of the state folder, at most `limit` of them, rewritten
/// atomically. Losing it must never stop depth: failures are reported once and the log goes on in memory.
struct EventLog {
  static let limit = 200
  private let path: String
  private var lines: [String] = []
  private(set) var failure: String?

  /// - Parameter stateDirectory: an existing, writable folder.
  init(stateDirectory: String) {
    path = stateDirectory + "/events.jsonl"
    if let text = try? String(contentsOfFile: path, encoding: .utf8) {
      lines = text.split(separator: "\n").suffix(Self.limit).map(String.init)
    }
  }

  mutating func append(_ event: EventMessage) {
    var writer = ByteWriter(capacity: 512)
    event.encodeObject(into: &writer)
    lines.append(String(decoding: writer.bytes, as: UTF8.self))
    if lines.count > Self.limit { lines.removeFirst(lines.count - Self.limit) }
    let text = lines.joined(separator: "\n") + "\n"
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      failure = nil
    } catch {
      failure = "\(path): \(error.localizedDescription)"
    }
  }
}
