import Glibc
import Platform
public import Quantities

/// The calibration file that a configuration names, and those it has replaced.
///
/// Earlier files lie in the folder `generations` beside it, numbered; the highest number is the one before the
/// present. Every step leaves whole files behind, wherever the process is killed.
public struct CalibrationStore: Sendable {
  /// An earlier calibration.
  public struct Generation: Equatable, Sendable {
    public let number: Int
    public let path: String
  }

  /// The file in use.
  public let path: String
  private let folder: String
  private let name: String

  /// Earlier files beyond this many are removed, the oldest first.
  public static let generationLimit = 20

  /// - Parameter path: the file in use; it need not exist yet. A link stays a link: what it points to is replaced.
  public init(path: String) {
    let path = Self.resolved(path)
    self.path = path
    let slash = path.lastIndex(of: "/")
    name = String(slash.map { path[path.index(after: $0)...] } ?? path[...])
    folder = (slash.map { String(path[..<$0]) } ?? ".") + "/generations"
  }

  /// Earlier calibrations, oldest first.
  public var generations: [Generation] {
    let found = (FolderNames.list(folder) ?? []).compactMap { file -> Generation? in
      guard file.hasPrefix(name + "."), let number = Int(file.dropFirst(name.count + 1)) else { return nil }
      return Generation(number: number, path: folder + "/" + file)
    }
    return found.sorted { $0.number < $1.number }
  }

  /// Puts a new calibration in place and keeps the present one as the newest generation.
  /// - Returns: the generation that holds what was replaced; nil when there was nothing.
  @discardableResult
  public func apply(_ text: String) throws(CalibrationStoreError) -> Generation? {
    try locked { () throws(CalibrationStoreError) in
      let kept = try keepPresent()
      try write(Array(text.utf8), to: path)
      try prune()
      return kept
    }
  }

  /// Brings back the calibration before the present one, which is then kept as `NAME.undone`.
  /// - Returns: the generation that is in use again.
  /// - Throws: `.nothingEarlier` when there is none.
  public func rollback() throws(CalibrationStoreError) -> Generation {
    try locked { () throws(CalibrationStoreError) in
      let present = try? read(path)
      var earlier = generations
      // A rollback that was killed before its last step, or a file applied twice.
      while let newest = earlier.last, let present, try read(newest.path) == present {
        try remove(newest)
        earlier.removeLast()
      }
      guard let newest = earlier.last else { throw .nothingEarlier(path: path) }
      if let present { try write(present, to: folder + "/" + name + ".undone") }
      try write(try read(newest.path), to: path)
      try remove(newest)
      return newest
    }
  }

  /// Saves the present file as a generation, unless it is the newest one already.
  private func keepPresent() throws(CalibrationStoreError) -> Generation? {
    guard access(path, F_OK) == 0 else { return nil }
    let present = try read(path)
    let newest = generations.last
    if let newest, try read(newest.path) == present { return newest }
    let number = (newest?.number ?? 0) + 1
    let padded = String(repeating: "0", count: max(0, 4 - "\(number)".utf8.count)) + "\(number)"
    let generation = Generation(number: number, path: folder + "/" + name + "." + padded)
    try write(present, to: generation.path)
    return generation
  }

  private func prune() throws(CalibrationStoreError) {
    for generation in generations.dropLast(Self.generationLimit) { try remove(generation) }
  }

  /// Makes the folder and works under its lock: one writer at a time.
  private func locked<Value>(
    _ work: () throws(CalibrationStoreError) -> Value
  ) throws(CalibrationStoreError) -> Value {
    let lock = try lock()
    let value = try work()
    _ = consume lock
    return value
  }

  private func lock() throws(CalibrationStoreError) -> LockFile {
    if mkdir(folder, 0o755) != 0 {
      let failure = SystemErrno.current
      guard failure.code == EEXIST else { throw .system(path: folder, action: "made", failure) }
    }
    do { return try LockFile(path: folder + "/.lock") } catch {
      switch error {
      case .heldByAnotherProcess(let id): throw .inUse(folder: folder, processID: id)
      case .system(let failure): throw .system(path: folder + "/.lock", action: "locked", failure)
      }
    }
  }

  private func read(_ path: String) throws(CalibrationStoreError) -> [UInt8] {
    do { return Array(try TextFile.read(path).utf8) } catch {
      throw .unreadable(path: path, reason: error == .missing ? "it is gone" : "\(error)")
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws(CalibrationStoreError) {
    do { try AtomicFile.write(bytes, to: path, permissions: 0o644) } catch {
      throw .system(path: path, action: "written", error)
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private func remove(_ generation: Generation) throws(CalibrationStoreError) {
    guard unlink(generation.path) == 0 else {
      throw .system(path: generation.path, action: "removed", .current)
    }
  }
}

/// Why a calibration could not be exchanged; the file in use is then as it was.
public enum CalibrationStoreError: ReportableError, Equatable {
  case nothingEarlier(path: String)
  case inUse(folder: String, processID: Int32?)
  case unreadable(path: String, reason: String)
  case system(path: String, action: String, SystemErrno)

  public var severity: ErrorSeverity { .stop }

  public var description: String {
    switch self {
    case .nothingEarlier(let path):
      "there is no calibration before \(path) to go back to; \"depthctl calib apply\" keeps one each time."
    case .inUse(let folder, let processID):
      "process \(processID.map { "\($0)" } ?? "of another user") is changing calibrations in \(folder). Try again."
    case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
    case .system(let path, let action, let failure):
      "\(path) cannot be \(action): \(failure). The calibration in use is unchanged; run as a user who may write there."
    }
  }
}
