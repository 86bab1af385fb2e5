/// `model.exchange`: put another model in the place of the running one, if it compares well on live frames.
///
/// It holds until the configuration file names another model, over restarts too.
public struct ModelExchangeRequest: ControlRequest {
  public typealias Answer = ReloadAnswer
  public static let name = "model.exchange"
  /// Absolute path of a bundle folder or an ONNX file, as the daemon sees it.
  public var path: String
  /// Take it even if it compares badly.
  public var force: Bool?

  public init(path: String, force: Bool? = nil) {
    self.path = path
    self.force = force
  }
}

/// `model.rollback`: back to the model that ran before the last exchange; once more, and forward again.
public struct ModelRollbackRequest: ControlRequest {
  public typealias Answer = ReloadAnswer
  public static let name = "model.rollback"

  public init() {}
}

/// `model.show`: which model runs and where it comes from.
public struct ModelShowRequest: ControlRequest {
  public static let name = "model.show"

  public struct Answer: Codable, Equatable, Sendable {
    public var name: String
    /// SHA-256 of the bundle.
    public var hash: String
    public var path: String
    /// Id of the prior bank that is fused; nil = none.
    public var bank: String?
    /// `configuration`, or `exchange` while a command's choice holds.
    public var origin: String
    /// What the configuration file names.
    public var configured: String
    /// What a rollback would go back to; nil when there was no exchange.
    public var previous: String?
    public var generation: UInt64

    public init(
      name: String, hash: String, path: String, bank: String?, origin: String, configured: String,
      previous: String?, generation: UInt64
    ) {
      self.name = name
      self.hash = hash
      self.path = path
      self.bank = bank
      self.origin = origin
      self.configured = configured
      self.previous = previous
      self.generation = generation
    }
  }

  public init() {}
}
