public import Quantities

/// What the source knows about one frame besides its pixels.
public struct FrameMetadata: Equatable, Sendable {
  /// Which event the capture time marks.
  public enum TimeSource: String, Sendable {
    /// The driver stamped the start of exposure.
    case startOfExposure = "start_of_exposure"
    /// The driver stamped the end of the frame.
    case endOfFrame = "end_of_frame"
    /// The driver's stamp was unusable; the time is when the frame was received.
    case receive
    /// A recording or simulation says when the frame was taken.
    case recorded
  }

  /// When the frame was captured, on this machine's CLOCK_MONOTONIC.
  public var captureTime = MonotonicTime(nanoseconds: 0)
  public var timeSource = TimeSource.receive
  /// How long the sensor was exposed; nil when the source does not say.
  public var exposureNanoseconds: Int64?
  /// The source's own frame counter.
  public var sequence: UInt64 = 0
  /// Frames the source lost between the previous delivered frame and this one.
  public var lostBefore: UInt64 = 0
  /// How long decoding the driver's pixels took; 0 where the source makes RGB itself.
  public var decodeNanoseconds: Int64 = 0
  /// Capture time relative to the start of the recording or simulation, seconds; nil for live cameras.
  public var sourceTimeSeconds: Double?
  /// Which of the sources that were tried since the start delivered it; 0 = the first.
  public var sourceAttempt: UInt64 = 0

  public init() {}

  /// The middle of the exposure, as far as it is known: the moment that motion between frames is measured at.
  ///
  /// A constant rest, for example half a rolling shutter's read-out, belongs into `camera.time_offset_us`.
  public var midExposureTime: MonotonicTime {
    let half = (exposureNanoseconds ?? 0) / 2
    return switch timeSource {
    case .startOfExposure: captureTime + half
    case .endOfFrame: captureTime + -half
    case .receive, .recorded: captureTime
    }
  }
}

/// A point of a range sensor in a captured image.
public struct RangePixel: Equatable, Sendable {
  /// In the captured image; pixel centres at integers.
  public var u: Float
  public var v: Float
  /// Along the optical axis, metres.
  public var depthMeters: Float

  public init(u: Float, v: Float, depthMeters: Float) {
    self.u = u
    self.v = v
    self.depthMeters = depthMeters
  }
}

/// One decoded frame. Memory is allocated once, by the pool, and refilled for every capture.
public struct CameraFrame: ~Copyable, Sendable {
  public var metadata = FrameMetadata()
  public var image: RGBImage
  /// True depth along the optical axis of the same pixels, metres, NaN = unknown, +Inf = nothing in range.
  /// Present only for sources that know the truth.
  public var trueDepth: Plane<Float>?
  /// What the source's own range sensor measured with the frame; empty where it has none. In no order.
  public var rangePixels: [RangePixel] = []
  /// Whether that sensor stands beside the camera, so that it sees past things which hide what it measured.
  public var isRangeSensorBeside = false

  public init(size: ImageSize, carriesTruth: Bool) {
    self.image = RGBImage(size: size)
    self.trueDepth = carriesTruth ? Plane(width: size.width, height: size.height) : nil
  }

  /// Whether the frame carries its true depth.
  public var carriesTruth: Bool { trueDepthPixels != nil }

  /// The true depth's first pixel and the elements between rows; nil when the frame carries none. Valid while
  /// the frame lives.
  public var trueDepthPixels: (start: UnsafePointer<Float>, rowStride: Int)? {
    switch trueDepth {
    case .some(let plane): (UnsafePointer(plane.baseAddress), plane.rowStride)
    case .none: nil
    }
  }
}
