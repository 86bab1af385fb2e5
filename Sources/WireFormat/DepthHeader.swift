public import Geometry
public import Quantities

/// What every frame message says about itself: the JSON between topic and payload (docs/wire.md).
///
/// Nil means unknown and leaves the field out. Keep one value, change what changed, encode: nothing is
/// allocated per frame.
public struct DepthHeader: Equatable, Sendable {
  /// Version of the wire format; grows only when old readers would misread.
  public static let version = 1

  public var topic: Topic
  /// Counts this topic's published frames of one camera; gaps are losses between daemon and reader.
  public var sequence: UInt64 = 0
  /// The optical frame the pixels live in (x right, y down, z forward; REP 103).
  public var frameID: String
  /// Capture time on the real-time clock.
  ///
  /// May step; never subtract two of them.
  public var stamp: WallTime?
  /// Capture time on CLOCK_MONOTONIC of the machine that `bootID` names.
  public var captureTime = MonotonicTime(nanoseconds: 0)
  public var bootID: String?
  public var clock: Clock?
  /// Seconds since the recording or simulation began; nil for live cameras.
  public var sourceTimeSeconds: Double?

  public var size: ImageSize
  public var encoding: PayloadEncoding
  public var unit: PayloadUnit?
  /// Pinhole intrinsics of this very pixel grid; nil when the camera is not calibrated.
  public var intrinsics: CameraIntrinsics?
  /// What the payload can express, in its own unit.
  public var range: Range?
  public var calibrationID: String?
  /// Which configuration made this frame; grows by one with each reload.
  public var generation: UInt64?
  public var model: Model?

  /// Share of pixels with a finite depth, 0 to 1.
  public var validRatio: Double?
  /// Share of pixels without depth because the network put them far below the ground, 0 to 1.
  public var holeShare: Double?
  /// Finite depths that 16UC1 cannot hold and that became 0.
  public var clampedPixels: Int?
  public var confidence: Confidence?
  public var retrieval: Retrieval?
  public var scale: Scale?
  public var odometry: Odometry?
  public var mode: Mode?
  /// Range points that completed this frame, and the longest time between the frame and them.
  public var sparsePoints: Int?
  public var sparseAgeMilliseconds: Double?
  public var timing: Timing?
  public var drops: Drops?
  public var degraded: Degradations = []

  /// A header for one topic; encoding and unit come from the topic's row in the table.
  /// - Precondition: `topic` is a camera's topic.
  public init(topic: Topic, frameID: String, size: ImageSize) {
    guard let encoding = topic.kind.encoding else {
      preconditionFailure("status topics have no frame header")
    }
    self.topic = topic
    self.frameID = frameID
    self.size = size
    self.encoding = encoding
    self.unit = topic.kind.unit
  }

  /// The same facts about the same capture, for another topic: encoding, unit and range follow the topic.
  public mutating func retarget(to topic: Topic, size: ImageSize, sequence: UInt64) {
    guard let encoding = topic.kind.encoding else {
      preconditionFailure("status topics have no frame header")
    }
    self.topic = topic
    self.encoding = encoding
    self.unit = topic.kind.unit
    self.size = size
    self.sequence = sequence
    self.range = nil
    self.clampedPixels = nil
  }

  /// Bytes from one payload row to the next; nil where the payload is compressed.
  public var rowBytes: Int? { encoding.bytesPerPixel.map { $0 * size.width } }

  /// Bytes the payload must have; nil where the payload is compressed.
  public var payloadBytes: Int? { rowBytes.map { $0 * size.height } }
}
