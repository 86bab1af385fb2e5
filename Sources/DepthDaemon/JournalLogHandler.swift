import Glibc
public import Logging

/// Writes log lines to standard error: with syslog priorities when journald reads them, with the level's name
/// for people.
public struct JournalLogHandler: LogHandler {
  /// A level of the logger's own; nil = the threshold of all.
  private var ownLevel: Logger.Level?
  private let threshold: LogThreshold
  public var metadata: Logger.Metadata = [:]
  private let isJournal: Bool

  public var logLevel: Logger.Level {
    get { ownLevel ?? threshold.level }
    set { ownLevel = newValue }
  }

  /// - Parameter environment: `JOURNAL_STREAM` says whether standard error is journald's.
  public init(threshold: LogThreshold, environment: [String: String]) {
    self.threshold = threshold
    isJournal = environment["JOURNAL_STREAM"] != nil
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let head = isJournal ? "<\(Self.priority(event.level))>" : "\(event.level): "
    let line = head + event.message.description.replacing("\n", with: "\n  ") + "\n"
    var bytes = Array(line.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      guard written > 0 else { return }
      bytes = bytes.dropFirst(written)
    }
  }

  private static func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .critical: 2
    case .error: 3
    case .warning: 4
    case .notice: 5
    case .info: 6
    case .debug, .trace: 7
    }
  }
}
