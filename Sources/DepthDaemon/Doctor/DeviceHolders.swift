import Glibc
import Platform

/// Who has a device node open, as /proc shows it.
public struct DeviceHolders: Equatable, Sendable {
  public struct Process: Equatable, Sendable {
    public let id: Int
    public let name: String

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
        let name = (try? TextFile.read(folder + "/comm"))?.split(separator: "\n").first.map(String.init)
        processes.append(Process(id: id, name: name ?? "?"))
      }
    }
    self.processes = processes
    hiddenCount = hidden
  }

  private static func target(of link: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 1024)
    let count = readlink(link, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
