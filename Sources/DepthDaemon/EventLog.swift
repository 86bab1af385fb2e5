import Foundation
import Glibc
import Platform
import Quantities
package import WireFormat

/// The last events, on disk, so that a field engineer can see what happened before a restart.
///
/// One JSON object per line in `events.jsonl` of the state folder. A line is appended in one write, so what was
/// recorded survives the death of the process; the file is cut back to the last `limit` events when it holds twice
/// as many.
/// A file that cannot be read as that is set aside, and what could be read of it is kept. Losing the log must never
/// stop depth: failures are remembered for whoever asks, and the log goes on in memory.
public struct EventLog {
  public static let limit = 200
  /// The name of the log in the state folder.
  public static let fileName = "events.jsonl"

  private let path: String
  /// The last `limit` events, oldest first, each as its JSON object.
  package private(set) var lines: [String] = []
  /// Lines in the file.
  private var fileLines = 0
  /// Why the last write failed; nil when it did not.
  package private(set) var failure: String?
  /// What was wrong with the file that was found; nil when nothing was.
  package private(set) var damage: String?

  /// - Parameter stateDirectory: an existing, writable folder.
  package init(stateDirectory: String) {
    path = stateDirectory + "/" + Self.fileName
    let found = Self.read(path)
    lines = Array(found.lines.suffix(Self.limit))
    fileLines = found.lines.count
    if let problem = found.problem {
      damage = problem
      _ = rename(path, path + ".damaged")
      rewrite()
    }
  }

  /// Adds an event, in memory and on disk.
  package mutating func append(_ event: EventMessage) {
    var writer = ByteWriter(capacity: 512)
    event.encodeObject(into: &writer)
    let line = String(decoding: writer.bytes, as: UTF8.self)
    lines.append(line)
    if lines.count > Self.limit { lines.removeFirst(lines.count - Self.limit) }
    // After a failure the file may end in the middle of a line: it is written anew.
    if failure != nil || fileLines >= 2 * Self.limit { return rewrite() }
    do {
      let file = try FileDescriptor(path: path, flags: O_WRONLY | O_CREAT | O_APPEND)
      let bytes = Array((line + "\n").utf8)
      guard write(file.raw, bytes, bytes.count) == bytes.count else {
        failure = "\(path): \(SystemErrno.current)"
        return
      }
      fileLines += 1
    } catch { failure = "\(path): \(error)" }
  }

  private mutating func rewrite() {
    do {
      try AtomicFile.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: path)
      fileLines = lines.count
      failure = nil
    } catch { failure = "\(path): \(error)" }
  }

  /// The events of a log file, oldest first, and what is wrong with it.
  ///
  /// A missing file is no problem: nothing has happened yet.
  public static func read(_ path: String) -> (lines: [String], problem: String?) {
    let text: String
    do { text = try TextFile.read(path) } catch {
      switch error {
      case .missing: return ([], nil)
      case .unreadable(let reason): return ([], reason)
      }
    }
    var lines: [String] = []
    var bad = 0
    for line in text.split(separator: "\n") {
      if isEvent(line) { lines.append(String(line)) } else { bad += 1 }
    }
    if bad > 0 { return (lines, "\(bad) of \(lines.count + bad) lines are no events") }
    return (lines, text.isEmpty || text.hasSuffix("\n") ? nil : "its last line is cut short")
  }

  private static func isEvent(_ line: Substring) -> Bool {
    (try? JSONDecoder().decode(EventMessage.self, from: Data(line.utf8))) != nil
  }
}
