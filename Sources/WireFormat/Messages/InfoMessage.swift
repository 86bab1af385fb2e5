public import Quantities

/// What runs here: sent at start, after each reload and to every new subscriber.
public struct InfoMessage: StatusMessage, Equatable, Decodable {
  public static let kind = TopicKind.info

  public struct Camera: Equatable, Sendable, Decodable {
    public var name: String
    /// The configured source, for example `sim:street`.
    public var source: String
    public var width: Int?
    public var height: Int?
    /// Frames per second intended; readers judge the rate against it.
    public var rateHz: Double?
    /// Topics this camera can deliver, in full.
    public var topics: [String]

    public init(
      name: String, source: String, size: ImageSize? = nil, rateHz: Double? = nil, topics: [String]
    ) {
      self.name = name
      self.source = source
      self.width = size?.width
      self.height = size?.height
      self.rateHz = rateHz
      self.topics = topics
    }

    private enum CodingKeys: String, CodingKey {
      case name, source, width, height, topics
      case rateHz = "rate_hz"
    }
  }

  public var softwareVersion: String
  public var bootID: String?
  public var processID: Int?
  public var generation: UInt64?
  public var model: DepthHeader.Model?
  public var cameras: [Camera]

  public init(
    softwareVersion: String, bootID: String? = nil, processID: Int? = nil, generation: UInt64? = nil,
    model: DepthHeader.Model? = nil, cameras: [Camera]
  ) {
    self.softwareVersion = softwareVersion
    self.bootID = bootID
    self.processID = processID
    self.generation = generation
    self.model = model
    self.cameras = cameras
  }

  private enum CodingKeys: String, CodingKey {
    case softwareVersion = "version"
    case bootID = "boot_id"
    case processID = "pid"
    case generation, model, cameras
  }

  public func encodeFields(into writer: inout ByteWriter) {
    writer.field("version", softwareVersion)
    writer.field("boot_id", bootID)
    writer.field("pid", processID)
    writer.field("generation", generation)
    model?.encode("model", into: &writer)
    writer.beginArray("cameras")
    for camera in cameras {
      writer.beginObject()
      writer.field("name", camera.name)
      writer.field("source", camera.source)
      writer.field("width", camera.width)
      writer.field("height", camera.height)
      writer.field("rate_hz", camera.rateHz)
      writer.beginArray("topics")
      for topic in camera.topics { writer.element(topic) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
  }
}
