import CANSignals
import Configuration
import Odometry

extension Configuration.Odometry {
  /// How samples are taken in, whatever their source.
  var tuning: OdometryTuning {
    var tuning = OdometryTuning()
    tuning.timeOffsetNanoseconds = Int64((timeOffsetMilliseconds * 1e6).rounded())
    tuning.largestGapNanoseconds = Int64(maxGapMilliseconds) * 1_000_000
    tuning.limits.speedMetersPerSecond = maxSpeed
    tuning.limits.yawRateRadiansPerSecond = maxYawRate
    tuning.limits.accelerationMetersPerSecondSquared = maxAcceleration
    tuning.noise.speedShare = speedSigma
    tuning.noise.quantumMeters = encoderStepMeters
    tuning.noise.timeSeconds = timeSigmaMilliseconds * 1e-3
    return tuning
  }

  /// The signals of the bus; `contradictions` has made sure that they suffice.
  var layout: CANOdometryLayout {
    var layout = CANOdometryLayout()
    layout.speed = can.speed
    layout.yawRate = can.yawRate
    layout.left = can.left
    layout.right = can.right
    layout.leftRadiusMeters = wheels.leftRadiusMeters
    layout.rightRadiusMeters = wheels.rightRadiusMeters
    layout.trackMeters = wheels.trackMeters
    layout.ticksPerRevolution = wheels.ticksPerRevolution
    return layout
  }
}
