import Configuration
import Platform
package import Quantities

/// Says when the configuration or the calibration file has changed and been left alone for a while.
///
/// A half-saved file is not a configuration, and editors write in several steps: the last of them counts (a trailing
/// debounce), and only if the content is another than the one that was tried last.
struct ConfigurationWatch: ~Copyable {
  private var files: [String]
  private var settings: Configuration.Reload
  private var folders: DirectoryWatch?
  private var debounce: TrailingDebounce
  /// Contents when a reload was tried last.
  private var tried: [String?] = []

  /// Watches the files of a configuration, if it wants that.
  init(_ loaded: LoadedConfiguration) {
    settings = loaded.configuration.reload
    files = Self.files(of: loaded)
    debounce = TrailingDebounce(nanoseconds: Int64(settings.debounceMilliseconds) * 1_000_000)
    if settings.watch { folders = try? DirectoryWatch(Set(files.map(Self.folder))) }
    noteAttempt()
  }

  /// Goes on with another configuration.
  mutating func follow(_ loaded: LoadedConfiguration, at now: MonotonicTime) {
    guard loaded.configuration.reload != settings || Self.files(of: loaded) != files else { return }
    self = ConfigurationWatch(loaded)
    // What was written since the configuration was read must not be missed.
    tried = [loaded.text] + tried.dropFirst()
    debounce.note(at: now)
  }

  /// Whether it is time for a reload.
  mutating func isDue(at now: MonotonicTime) -> Bool {
    guard folders != nil else { return false }
    if folders?.takeNews() == true { debounce.note(at: now) }
    guard debounce.isOver(at: now) else { return false }
    return contents != tried
  }

  /// Remembers what the files hold now, since somebody is going to read them.
  mutating func noteAttempt() {
    guard folders != nil else { return }
    tried = contents
  }

  private var contents: [String?] { files.map { try? TextFile.read($0) } }

  private static func files(of loaded: LoadedConfiguration) -> [String] {
    let calibration = loaded.configuration.camera.calibration
    let file = calibration.split(separator: "#", maxSplits: 1).first.map(String.init) ?? ""
    return [loaded.path] + (file.isEmpty ? [] : [Configuration.resolve(file, besides: loaded.path)])
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
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
