/// `events`: the last events, oldest first, those from before the daemon's start included.
public struct EventsRequest: ControlRequest {
  public struct Answer: Decodable, Sendable {
    public var events: [EventMessage]
  }

  public static let name = "events"
  /// How many, 1 to 200; nil = all that are kept.
  public var count: Int?

  public init(count: Int? = nil) {
    self.count = count
  }
}
