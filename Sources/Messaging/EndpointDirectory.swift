import Glibc
import Platform
import Quantities

/// The folder of the daemon's socket files and the endpoints in it.
public struct EndpointDirectory: Hashable, Sendable {
  public let path: String

  public init(path: String) {
    self.path = path
  }

  public var stream: String { "ipc://\(path)/stream.sock" }
  public var latest: String { "ipc://\(path)/latest.sock" }
  public var status: String { "ipc://\(path)/status.sock" }
  public var control: String { "ipc://\(path)/control.sock" }

  /// Where programs on this machine look for the daemon: the option a person gave, else `$DEPTHD_DIRECTORY`,
  /// else `$RUNTIME_DIRECTORY` (systemd), else /run/depthd if it exists, else `$XDG_RUNTIME_DIR`/depthd,
  /// else /tmp/depthd-UID.
  public static func standard(option: String? = nil) -> EndpointDirectory {
    if let option, !option.isEmpty { return EndpointDirectory(path: absolute(option)) }
    for name in ["DEPTHD_DIRECTORY", "RUNTIME_DIRECTORY"] {
      // systemd separates several folders by colons; ours is the first.
      if let value = environment(name)?.split(separator: ":").first {
        return EndpointDirectory(path: absolute(String(value)))
      }
    }
    if access("/run/depthd", F_OK) == 0 { return EndpointDirectory(path: "/run/depthd") }
    if let runtime = environment("XDG_RUNTIME_DIR") { return EndpointDirectory(path: runtime + "/depthd") }
    return EndpointDirectory(path: "/tmp/depthd-\(getuid())")
  }

  /// Makes the folder, readable by its group and nobody else, unless it is there and safe to use.
  /// - Throws: `.directory` when it cannot be made, or when others could put their own sockets into it.
  public func create() throws(MessagingError) {
    try Self.makeFolders(path)
    var facts = stat()
    guard stat(path, &facts) == 0 else {
      throw .directory(path: path, reason: "cannot be examined: \(SystemErrno.current)")
    }
    guard facts.st_mode & S_IFMT == S_IFDIR else { throw .directory(path: path, reason: "is not a folder") }
    guard facts.st_mode & 0o002 == 0 else {
      throw .directory(path: path, reason: "everybody may write to it; run chmod 0750 \(path)")
    }
    guard facts.st_uid == getuid() || facts.st_uid == 0 || getuid() == 0 else {
      throw .directory(path: path, reason: "belongs to user \(facts.st_uid); choose another directory")
    }
  }

  private static func makeFolders(_ path: String) throws(MessagingError) {
    var built = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      built += "/" + part
      guard mkdir(built, 0o750) != 0 else { continue }
      let failure = SystemErrno.current
      guard failure.code == EEXIST || failure.code == EISDIR || access(built, F_OK) == 0 else {
        throw .directory(path: path, reason: "\(built) cannot be made: \(failure)")
      }
    }
  }

  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return String(cString: folder) + "/" + path
  }
}
