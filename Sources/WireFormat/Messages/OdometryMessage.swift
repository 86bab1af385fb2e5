public import Quantities

/// Body velocity, in the very form the daemon accepts as odometry input: what is published here can be fed to
/// another daemon (ROS `nav_msgs/Odometry` twist, REP 103 axes).
public struct OdometryMessage: StatusMessage, Equatable {
  public static let kind = TopicKind.odometry

  public var sample: OdometrySample
  public var bootID: String?
  public var frameID: String

  public init(sample: OdometrySample, bootID: String? = nil, frameID: String = "base_link") {
    self.sample = sample
    self.bootID = bootID
    self.frameID = frameID
  }

  public func encodeFields(into writer: inout ByteWriter) {
    writer.field("stamp", sample.time)
    writer.field("clock", literal: "monotonic")
    writer.field("boot_id", bootID)
    writer.field("frame", frameID)
    guard sample.speedMetersPerSecond.isFinite, sample.yawRateRadiansPerSecond.isFinite else { return }
    writer.beginArray("linear")
    writer.element(sample.speedMetersPerSecond)
    writer.element(0.0)
    writer.element(0.0)
    writer.endArray()
    writer.beginArray("angular")
    writer.element(0.0)
    writer.element(0.0)
    writer.element(sample.yawRateRadiansPerSecond)
    writer.endArray()
  }
}

extension OdometryMessage: Decodable {
  private enum Key: String, CodingKey {
    case stamp, frame, linear, angular
    case bootID = "boot_id"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    let linear = try fields.decode([Double].self, forKey: .linear)
    let angular = try fields.decode([Double].self, forKey: .angular)
    guard linear.count == 3, angular.count == 3 else {
      throw WireFormatError.malformedFrame(reason: "linear and angular need three numbers each")
    }
    self.init(
      sample: OdometrySample(
        time: MonotonicTime(nanoseconds: try fields.decode(WireTime.self, forKey: .stamp).nanoseconds),
        speedMetersPerSecond: linear[0], yawRateRadiansPerSecond: angular[2]),
      bootID: try fields.decodeIfPresent(String.self, forKey: .bootID),
      frameID: try fields.decodeIfPresent(String.self, forKey: .frame) ?? "base_link")
  }
}
