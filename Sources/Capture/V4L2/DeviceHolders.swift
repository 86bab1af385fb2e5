import Glibc
import Platform

/// Who has a device node open, as /proc shows it.
public struct DeviceHolders: Equatable, Sendable {
  public struct Process: Equatable, Sendable {
    public let id: Int
    public let name: String

    /// For people.
    public var text: String { "\(name) (process \(id))" }

    public init(id: Int, name: String) {
      self.id = id
      self.name = name
    }
  }

  public let processes: [Process]
  /// Processes of other users that could not be looked into: more may be hidden there.
  public let hiddenCount: Int

  /// Looks through every process.
  ///
  /// Inside a sandbox that hides other users' processes (systemd's `ProtectProc=invisible`) only one's own are seen.
  ///
  /// - Parameter processFolder: where the kernel lists processes.
  public init(of path: String, processFolder: String = "/proc") {
    var processes: [Process] = []
    var hidden = 0
    for id in FolderNames.list(processFolder)?.compactMap({ Int($0) }).sorted() ?? [] {
      let folder = "\(processFolder)/\(id)"
      guard let descriptors = FolderNames.list(folder + "/fd") else {
        hidden += 1
        continue
      }
      if descriptors.contains(where: { Self.target(of: "\(folder)/fd/\($0)") == path }) {
        processes.append(Process(id: id, name: Self.name(folder + "/comm") ?? "?"))
      }
    }
    self.processes = processes
    hiddenCount = hidden
  }

  /// The kernel's short name of a process: at most 15 bytes and a line feed.
  private static func name(_ path: String) -> String? {
    guard let file = try? FileDescriptor(path: path, flags: O_RDONLY) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file.raw, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self)
  }

  private static func target(of link: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 1024)
    let count = readlink(link, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
