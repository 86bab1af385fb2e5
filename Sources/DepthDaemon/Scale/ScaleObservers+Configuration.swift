import Configuration
import Scale

extension Configuration.Scale.Observers {
  /// What looks for the scale.
  var settings: ScaleObserver.Settings {
    var settings = ScaleObserver.Settings()
    settings.usesPhotometric = usesPhotometric
    settings.usesPose = usesPose
    settings.usesGround = usesHeight
    settings.usesPoints = usesSparse
    settings.photometricIntervalSeconds = photometricIntervalSeconds
    settings.poseIntervalSeconds = poseIntervalSeconds
    settings.groundIntervalSeconds = heightIntervalSeconds
    settings.pointsIntervalSeconds = sparseIntervalSeconds
    return settings
  }
}
