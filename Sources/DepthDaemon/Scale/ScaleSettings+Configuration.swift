package import Configuration
package import Scale

extension Configuration.Scale {
  /// The constants of learning.
  package var settings: ScaleSettings {
    var settings = ScaleSettings()
    settings.filter.frameSigma = frameSigma
    settings.filter.correlationSeconds = correlationSeconds
    settings.filter.varianceAddedPerMeter = variancePerMeter
    settings.filter.gateSigmas = gateSigmas
    settings.filter.huberSigmas = huberSigmas
    settings.filter.leastSigma = leastSigma
    settings.filter.largestFactor = largestFactor
    settings.filter.restartCount = restartCount
    settings.filter.restartDeviation = restartDeviation
    settings.filter.restartSigma = restartSigma
    settings.filter.leastInitialSigma = initialSigma
    settings.lock.sigma = lockSigma
    settings.lock.afterSeconds = lockAfterSeconds
    settings.lock.largestSpread = lockSpread
    settings.lock.blockSeconds = blockSeconds
    settings.lock.holdAfterSeconds = holdAfterSeconds
    settings.lock.holdAfterMeters = holdAfterMeters
    settings.lock.slewPerSecond = slewPerSecond
    settings.slip.yawRateDifference = slipYawRate
    settings.slip.yawRateShare = slipYawShare
    settings.slip.yawRateCount = slipYawCount
    settings.slip.largestAcceleration = slipAcceleration
    settings.slip.staticShare = slipStaticShare
    settings.slip.staticCount = slipStaticCount
    settings.slip.innovationSigmas = slipInnovationSigmas
    settings.slip.innovationCount = slipInnovationCount
    settings.slip.blockSeconds = slipBlockSeconds
    settings.slip.jumpSeconds = slipJumpSeconds
    settings.slip.standingSpeed = standingSpeed
    settings.slip.standingSeconds = standingSeconds
    settings.conflict.warnSigmas = warnSigmas
    settings.conflict.warnDifference = warnDifference
    settings.conflict.warnSeconds = warnSeconds
    settings.conflict.conflictSigmas = conflictSigmas
    settings.conflict.conflictDifference = conflictDifference
    settings.conflict.conflictSeconds = conflictSeconds
    settings.conflict.memorySeconds = opinionMemorySeconds
    settings.conflict.forgetSeconds = opinionForgetSeconds
    settings.conflict.leastSigma = opinionSigma
    settings.moved.pitchRadians = movedPitchDegrees * .pi / 180
    settings.moved.heightShare = movedHeightShare
    settings.moved.seconds = movedSeconds
    return settings
  }
}
