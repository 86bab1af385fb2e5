/// `status`: how the daemon is. The answer's members are described in docs/wire.md.
public struct StatusRequest: ControlRequest {
  public typealias Answer = JSONValue
  public static let name = "status"

  public init() {}
}
