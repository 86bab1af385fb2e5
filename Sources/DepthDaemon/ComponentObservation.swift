package import CANBus
import Capture
package import DepthPipeline
package import Quantities

/// Everything the levels of the components rest on, at one moment.
package struct ComponentObservation {
  /// Growth of a counter over the last ten seconds, or since the start.
  package struct Recently {
    package var arrived: UInt64 = 0
    package var lost: UInt64 = 0
    package var broken: UInt64 = 0
    package var refusedMessages: UInt64 = 0
    package var failedPictures: UInt64 = 0
    package var unreadableOdometry: UInt64 = 0
    package var implausibleOdometry: UInt64 = 0
    package var odometryCounterFaults: UInt64 = 0
    package var ranges = RangeGrowth()

    package init() {}
  }

  /// Where odometry stands.
  package struct Odometry {
    package var isExpected = false
    /// Of the newest sample, seconds; nil = none ever arrived.
    package var ageSeconds: Double?
    package var maximumAgeSeconds = 0.2
    package var speedMetersPerSecond: Double?
    /// Why the last unreadable message was refused.
    package var problem: String?
    /// Why the last implausible sample was not believed.
    package var doubt: String?
    /// Whether it comes from a CAN bus, and what that suffers from.
    package var isBus = false
    package var fault: CANFault?
    /// Which offset of the clocks to configure; nil = nothing to say.
    package var offsetAdvice: String?

    package init() {}
  }

  /// Growth of what is counted of range points.
  package struct RangeGrowth {
    package var received: UInt64 = 0
    package var notFinite: UInt64 = 0
    package var unreadable: UInt64 = 0
    package var unknownFrame: UInt64 = 0
    package var noExtrinsics: UInt64 = 0
    /// Stamps in the future, or too old on arrival.
    package var badStamps: UInt64 = 0
    package var staleScans: UInt64 = 0
    package var unmovedScans: UInt64 = 0

    package init() {}
  }

  /// Where range points stand.
  package struct Ranges {
    /// Whether a publisher is configured.
    package var isExpected = false
    /// Whether the source's own points count.
    package var usesSource = false
    /// Whether the model can take points, and may.
    package var mayComplete = false
    /// Why there is no subscription.
    package var failure: String?
    /// Why the last message was not taken.
    package var problem: String?
    /// A sensor that has stopped, with the age of its last points.
    package var silent: (frame: String, ageSeconds: Double)?
    /// Whether any sensor has ever been heard.
    package var isHeard = false
    /// Of the last frame.
    package var last = RangeReport()
    package var lastPlaced = 0

    package init() {}
  }

  package var health: HealthReport.Observation
  /// Since the daemon's start, seconds.
  package var uptimeSeconds = 0.0
  package var recently = Recently()
  package var odometry = Odometry()
  package var ranges = Ranges()
  package var machine = MachineState()
  /// The calibration in use, for people; nil = none.
  package var calibration: String?
  package var modelName = ""
  /// The prior bank in use, for people; nil = none.
  package var bank: String?
  /// Seconds since the camera came back; nil = it never went away.
  package var sinceReconnectSeconds: Double?
  package var clockSteps: UInt64 = 0
  /// Seconds since the real-time clock was set; nil = it was not.
  package var sinceClockStepSeconds: Double?
  package var wallTime = WallTime(nanoseconds: 0)
  /// Why the last event could not be kept on disk.
  package var eventLogProblem: String?

  package init(health: HealthReport.Observation) {
    self.health = health
  }

  /// Whether things have had their time to begin.
  var isWarm: Bool { uptimeSeconds > 5 }

  /// Whether frames arrive.
  var isStreaming: Bool { health.capture == .streaming }
}
