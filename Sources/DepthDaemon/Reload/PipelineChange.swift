import DepthPipeline
import Quantities

/// What the perception thread does between two frames.
package struct PerceptionChange {
  package let ticket: ChangeTicket
  /// The attempt at a new source whose first frame this waits for; nil = the source stays, and any time will do.
  let sourceAttempt: UInt64?
  /// For pipelines that have to be built later, when the camera changes its size.
  let builder: PipelineBuilder
  /// What takes the running pipeline's place; nil = that one goes on with the builder's live settings.
  let replacement: PreparedPipeline?
  let odometry: OdometryUse
  let team: TeamSettings

  init(
    ticket: ChangeTicket, sourceAttempt: UInt64?, builder: PipelineBuilder, replacement: PreparedPipeline?,
    odometry: OdometryUse, team: TeamSettings
  ) {
    self.ticket = ticket
    self.sourceAttempt = sourceAttempt
    self.builder = builder
    self.replacement = replacement
    self.odometry = odometry
    self.team = team
  }

  /// A change that goes on with the running pipeline.
  package init(
    ticket: ChangeTicket, sourceAttempt: UInt64?, builder: PipelineBuilder, odometry: OdometryUse,
    team: TeamSettings
  ) {
    self.init(
      ticket: ticket, sourceAttempt: sourceAttempt, builder: builder, replacement: nil, odometry: odometry,
      team: team)
  }
}

/// A pipeline that has been built, warmed and compared, with the executor that its network was planned for.
struct PreparedPipeline {
  let pipeline: DepthPipeline
  let executor: HandoverExecutor
}

/// How perception uses odometry.
package struct OdometryUse: Equatable, Sendable {
  /// Whether its absence is worth saying.
  var isExpected: Bool
  /// Whether the source's own is used.
  var isFromSource: Bool
  var maximumAgeNanoseconds: Int64

  package init(isExpected: Bool, isFromSource: Bool, maximumAgeNanoseconds: Int64) {
    self.isExpected = isExpected
    self.isFromSource = isFromSource
    self.maximumAgeNanoseconds = maximumAgeNanoseconds
  }
}

/// The threads of the network.
package struct TeamSettings: Equatable, Sendable {
  var width: Int
  var cores: [Int]

  package init(width: Int, cores: [Int]) {
    self.width = width
    self.cores = cores
  }
}
