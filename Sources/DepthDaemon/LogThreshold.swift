public import Configuration
public import Logging
import Synchronization

/// The least severe level that is logged, shared by every logger so that a reload can change it.
public final class LogThreshold: Sendable {
  private let storage: Mutex<Logger.Level>

  public init(_ level: Configuration.Log.Level) {
    storage = Mutex(Self.translate(level))
  }

  public var level: Logger.Level { storage.withLock { $0 } }

  public func set(_ level: Configuration.Log.Level) {
    storage.withLock { $0 = Self.translate(level) }
  }

  private static func translate(_ level: Configuration.Log.Level) -> Logger.Level {
    Logger.Level(rawValue: level.rawValue) ?? .info
  }
}
