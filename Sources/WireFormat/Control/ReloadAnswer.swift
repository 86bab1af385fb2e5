/// What became of a reload: the same on the command line, in the journal, on `event/` and as exit code.
public struct ReloadAnswer: Codable, Equatable, Sendable {
  public enum Verdict: String, Codable, Sendable, CaseIterable {
    /// The new configuration runs.
    case applied
    /// The file says what runs already.
    case unchanged
    /// It was a dry run: a reload would apply it.
    case applicable
    /// The file is good, but a key in it needs a restart of the daemon; nothing was applied.
    case restartNeeded = "restart_needed"
    /// Something is wrong; nothing was applied.
    case refused
  }

  /// One key whose value differs.
  public struct Change: Codable, Equatable, Sendable {
    public var key: String
    /// As TOML; nil = absent.
    public var old: String?
    public var new: String?
    /// `live`, `rebuild` or `restart`.
    public var reload: String

    public init(key: String, old: String?, new: String?, reload: String) {
      self.key = key
      self.old = old
      self.new = new
      self.reload = reload
    }
  }

  public var verdict: Verdict
  /// Who asked: `command`, `signal`, `watch`, `model_exchange`, `model_rollback`, …
  public var trigger: String
  /// Of the configuration that runs now, as in every header.
  public var generation: UInt64
  public var changes: [Change] = []
  /// Why it was refused, or which keys need a restart.
  public var reasons: [String] = []
  /// What a person should look at all the same.
  public var warnings: [String] = []
  /// How a new model did beside the running one; nil if there was none, or no frames to compare on.
  public var comparison: ModelComparison?

  public init(verdict: Verdict, trigger: String, generation: UInt64) {
    self.verdict = verdict
    self.trigger = trigger
    self.generation = generation
  }

  /// 0 = it runs, or would; 2 = refused; 3 = a restart is needed.
  public var exitCode: Int32 {
    switch verdict {
    case .applied, .unchanged, .applicable: 0
    case .refused: 2
    case .restartNeeded: 3
    }
  }
}

extension ReloadAnswer {
  /// One sentence, for `event/` and systemd.
  public var sentence: String {
    let head = "\(trigger.replacing("_", with: " ")): \(verdict.words), generation \(generation)"
    let details = reasons.isEmpty ? changes.map(\.description) : reasons
    guard let first = details.first else { return head }
    let more = details.count > 3 ? "; and \(details.count - 3) more" : ""
    return details.count == 1
      ? "\(head): \(first)" : "\(head): \(details.prefix(3).joined(separator: "; "))\(more)"
  }

  /// All of it, a line each, for people.
  public var text: String {
    var lines = ["\(verdict.words), generation \(generation)"]
    lines += changes.map { "  \($0)" }
    if let comparison { lines.append("  \(comparison)") }
    lines += warnings.map { "  warning: \($0)" }
    lines += reasons.map { "  \($0)" }
    return lines.joined(separator: "\n")
  }
}

extension ReloadAnswer.Change: CustomStringConvertible {
  public var description: String { "\(key): \(old ?? "absent") -> \(new ?? "absent") (\(reload))" }
}

extension ReloadAnswer.Verdict {
  /// For people.
  public var words: String {
    switch self {
    case .applied: "applied"
    case .unchanged: "nothing has changed"
    case .applicable: "would be applied"
    case .restartNeeded: "not applied, a restart is needed"
    case .refused: "refused, nothing was changed"
    }
  }
}
