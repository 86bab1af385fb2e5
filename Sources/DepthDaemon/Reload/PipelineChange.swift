import Capture
import DepthPipeline
import Platform
import Quantities
import Synchronization

/// One change of the running daemon, carried out between two frames or withdrawn; exactly one of the two.
final class ChangeTicket: Sendable {
  private enum State: UInt8 {
    case open, claimed, withdrawn
  }

  private let state = Atomic<UInt8>(State.open.rawValue)

  /// Whoever gets true carries the change out.
  func claim() -> Bool { settle(.claimed) }

  /// True when nobody has begun to carry it out, and now nobody will.
  func withdraw() -> Bool { settle(.withdrawn) }

  private func settle(_ outcome: State) -> Bool {
    state.compareExchange(
      expected: State.open.rawValue, desired: outcome.rawValue, ordering: .acquiringAndReleasing
    ).exchanged
  }
}

/// What the perception thread does between two frames.
struct PerceptionChange {
  let ticket: ChangeTicket
  /// Takes effect with the first frame of a source of this generation or a later one.
  var sourceGeneration: UInt64
  /// For pipelines that have to be built later, when the camera changes its size.
  var builder: PipelineBuilder
  /// What takes the running pipeline's place; nil = that one goes on with the builder's live settings.
  var replacement: PreparedPipeline?
  var odometry: OdometryUse
  var team: TeamSettings
}

/// A pipeline that has been built, warmed and compared, with the executor that its network was planned for.
struct PreparedPipeline {
  let pipeline: DepthPipeline
  let executor: HandoverExecutor
}

/// How perception uses odometry.
struct OdometryUse: Equatable, Sendable {
  /// Whether its absence is worth saying.
  var isExpected: Bool
  var maximumAgeNanoseconds: Int64
}

/// The threads of the network.
struct TeamSettings: Equatable, Sendable {
  var width: Int
  var cores: [Int]
}

/// What the capture thread does between two frames.
struct CaptureChange: Sendable {
  var generation: UInt64
  /// The source that takes the present one's place; nil = go on with that one.
  var source: SourceChoice?
  /// Whether the source's own odometry is used.
  var deliversOdometry: Bool
}

/// A source and how it is played.
struct SourceChoice: Sendable {
  let open: DaemonSettings.SourceOpener
  /// Frames need not be larger than this; nil = as large as they come.
  let neededSize: ImageSize?
  /// Every frame is processed, at perception's pace.
  let isLossless: Bool
  /// Whether the old source must be closed before this one can be opened: both may be the same device.
  let isExclusive: Bool
}

/// What became of a change.
struct ChangeOutcome: Sendable {
  /// Why it was not carried out; nil when it was.
  var failure: String?
}
