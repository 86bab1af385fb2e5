/// `reload`: read the configuration file again, check it and everything it names, say what differs, and apply it
/// between two frames or not at all.
public struct ReloadRequest: ControlRequest {
  public typealias Answer = ReloadAnswer
  public static let name = "reload"
  /// Do everything but apply it.
  public var dryRun: Bool?
  /// Take a new model even if it compares badly with the running one.
  public var force: Bool?

  public init(dryRun: Bool? = nil, force: Bool? = nil) {
    self.dryRun = dryRun
    self.force = force
  }

  private enum CodingKeys: String, CodingKey {
    case dryRun = "dry_run"
    case force
  }
}
