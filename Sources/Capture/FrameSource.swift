public import ImageBuffers
public import Quantities

/// Where frames come from. Created, used and closed on the capture thread.
///
/// A source never blocks for longer than the deadline it is given, and never gives up: a camera that went
/// away is looked for again, for ever, by the following calls of `next`.
public protocol FrameSource: AnyObject {
  /// Frame size that the pool must be built for; known from the moment the source is opened. A live camera
  /// may change it after a reconnection, announced by `.reconfigured`.
  var frameSize: ImageSize { get }
  /// Whether frames carry their true depth.
  var carriesTruth: Bool { get }
  /// Frames per second the source intends to deliver; 0 = unknown.
  var nominalRateHz: Double { get }

  /// What delivers the frames and how it was chosen, for the log; nil when the configuration says it all.
  var connectionDescription: String? { get }

  /// Waits until a frame has been written into `lease` or the deadline passes.
  func next(into lease: inout FrameLease, until deadline: MonotonicTime) -> FrameOutcome

  /// The odometry the source itself carries (recordings, simulation) up to and including `time`, in order,
  /// each sample once. Live cameras have none.
  func takeOdometry(upTo time: MonotonicTime) -> [OdometrySample]
}

extension FrameSource {
  public var connectionDescription: String? { nil }
}

/// What came of waiting for a frame.
public enum FrameOutcome: Sendable {
  /// The lease holds a new frame.
  case frame
  /// Nothing arrived in time; not an error by itself.
  case timeout
  /// A frame arrived broken and was dropped; counted by the caller.
  case corrupt(CaptureError)
  /// The source works again or changed its size: rebuild the pool for the source's present `frameSize`.
  case reconfigured
  /// The source cannot deliver at present; it keeps trying on further calls.
  case unavailable(CaptureError)
  /// A recording that does not loop has ended.
  case ended
}
