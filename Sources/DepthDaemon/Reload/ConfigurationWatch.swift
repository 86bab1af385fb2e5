import Configuration
import Platform
package import Quantities

/// Says when the configuration or the calibration file has changed and been left alone for a while.
///
/// A half-saved file is not a configuration, and editors write in several steps: the last of them counts (a trailing
/// debounce), and only if the content is another than the one that was tried last.
///
/// It looks at the files' stamps on every turn. inotify(7) would save those few system calls and miss what comes
/// through a bind mount, a link or a network file system, and folders that are exchanged whole.
package struct ConfigurationWatch {
  private var files: [String]
  private var settings: Configuration.Reload
  private var debounce: TrailingDebounce
  private var stamps: [FileStamp?]
  /// Contents when a reload was tried last; those of a file that has not taken part yet are missing.
  private var tried: [String: String?]

  /// Watches the files of a configuration, if it wants that.
  package init(_ loaded: LoadedConfiguration) {
    settings = loaded.configuration.reload
    files = Self.files(of: loaded)
    debounce = TrailingDebounce(nanoseconds: Int64(settings.debounceMilliseconds) * 1_000_000)
    stamps = files.map(FileStamp.init)
    tried = [:]
    noteAttempt()
  }

  /// Goes on with another configuration.
  package mutating func follow(_ loaded: LoadedConfiguration, at now: MonotonicTime) {
    guard loaded.configuration.reload != settings || Self.files(of: loaded) != files else { return }
    let before = tried
    self = ConfigurationWatch(loaded)
    // What was written since the files were read must not be missed.
    tried = before
    tried[loaded.path] = loaded.text
    debounce.note(at: now)
  }

  /// Whether it is time for a reload.
  package mutating func isDue(at now: MonotonicTime) -> Bool {
    guard settings.watch else { return false }
    let found = files.map(FileStamp.init)
    if found != stamps {
      stamps = found
      debounce.note(at: now)
    }
    guard debounce.isOver(at: now) else { return false }
    return files.contains { tried[$0] != .some(Self.content($0)) }
  }

  /// Remembers what the files hold now, since somebody is going to read them.
  package mutating func noteAttempt() {
    for file in files { tried[file] = .some(Self.content(file)) }
  }

  /// Nil when it cannot be read.
  private static func content(_ file: String) -> String? { try? TextFile.read(file) }

  private static func files(of loaded: LoadedConfiguration) -> [String] {
    let calibration = loaded.configuration.camera.calibration
    let file = calibration.split(separator: "#", maxSplits: 1).first.map(String.init) ?? ""
    return [loaded.path] + (file.isEmpty ? [] : [Configuration.resolve(file, besides: loaded.path)])
  }
}

/// Becomes over once, when nothing has been noted for a while. Pure.
package struct TrailingDebounce: Equatable, Sendable {
  private let nanoseconds: Int64
  private var last: MonotonicTime?

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package mutating func note(at now: MonotonicTime) {
    last = now
  }

  /// Whether it has just become over.
  package mutating func isOver(at now: MonotonicTime) -> Bool {
    guard let last, now - last >= nanoseconds else { return false }
    self.last = nil
    return true
  }
}
