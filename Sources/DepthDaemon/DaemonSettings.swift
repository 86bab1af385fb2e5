package import Capture
import DepthPipeline
package import Geometry
import Glibc
import Messaging
import ModelBundle
import Odometry
package import Quantities

/// Everything the daemon needs to start, checked: made from a valid configuration by `DaemonSettings+Configuration`.
public struct DaemonSettings: Sendable {
  /// The file these settings come from, absolute.
  var configurationPath: String
  var pipeline: PipelineSettings
  /// As configured, for people: `sim:street`, `v4l2:/dev/video0`.
  var sourceText: String
  /// Opens the source; called on the capture thread.
  package var openSource: SourceOpener
  /// A recording played as fast as possible: every frame is processed.
  var isLossless: Bool
  /// Size asked of the source; a live camera may deliver another.
  var requestedSize: ImageSize
  var nominalRateHz: Double
  package var calibration: CameraCalibration?
  var modelPath: String
  var priors: DepthModel.PriorChoice
  /// Threads of the network, the perception thread included; 0 = one for each core.
  var threads: Int
  /// Cores the network's threads are pinned to; empty = the scheduler decides.
  var pinnedCores: [Int]
  var endpoints: EndpointSettings
  var odometry: OdometryInput
  var odometryTuning: OdometryTuning
  var odometryMaximumAgeNanoseconds: Int64
  /// The publisher of range points; nil = none.
  var rangeInput: RangeInput?
  var stateDirectory: String

  /// Looks at the source without disturbing it.
  var inspectSource: @Sendable () throws(CaptureError) -> SourceFacts
  /// Whether the source is a device that cannot be opened twice.
  var isDevice: Bool
  /// A source that takes the place of another one and delivers nothing for longer than this is refused.
  var firstFramePatienceNanoseconds: Int64

  /// What a source says before it delivers.
  struct SourceFacts: Sendable {
    var frameSize: ImageSize
    var carriesTruth: Bool
  }

  /// Opens a source whose frames need not be larger than the given size (compressed formats decode faster when
  /// reduced).
  package typealias SourceOpener = @Sendable (ImageSize?) throws(CaptureError) -> any FrameSource

  /// Where odometry comes from.
  enum OdometryInput: Equatable, Sendable {
    case none
    /// From the source itself: recordings and the simulation carry it.
    case camera
    /// JSON messages on a ZeroMQ endpoint.
    case zeromq(endpoint: String)
    /// Signals of a CAN bus.
    case can(interface: String, layout: CANOdometryLayout)
  }

  /// Where range points of other sensors come from.
  struct RangeInput: Equatable, Sendable {
    var endpoint: String
    /// Byte prefix of the topics.
    var topic: String
  }
}

extension DaemonSettings {
  /// The threads of the network.
  var team: TeamSettings {
    TeamSettings(width: threads > 0 ? threads : processorCount(), cores: pinnedCores)
  }

  var odometryUse: OdometryUse {
    OdometryUse(
      isExpected: odometry != .none, isFromSource: odometry == .camera,
      maximumAgeNanoseconds: odometryMaximumAgeNanoseconds)
  }

  /// The source, for a model: compressed frames are decoded no larger than it needs.
  func source(for model: DepthModel) -> SourceChoice {
    SourceChoice(
      open: openSource, neededSize: neededSize(for: model), isLossless: isLossless, isDevice: isDevice,
      firstFramePatienceNanoseconds: firstFramePatienceNanoseconds)
  }

  func neededSize(for model: DepthModel) -> ImageSize {
    DepthPipeline.neededSize(of: requestedSize, settings: pipeline, model: model)
  }
}

/// Cores of this machine.
private func processorCount() -> Int {
  max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
