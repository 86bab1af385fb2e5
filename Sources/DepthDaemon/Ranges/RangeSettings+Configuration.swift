import Configuration
import DepthPipeline
import Simulation

extension Configuration.Sparse {
  /// What the pipeline is told of range points.
  var settings: RangeSettings {
    var settings = RangeSettings()
    settings.usesSource = source == .camera
    if case .zmq = source { settings.isExpected = true }
    settings.completes = complete
    settings.mostPoints = maxPoints
    settings.nearestMeters = minMeters
    settings.farthestMeters = maxMeters
    settings.maximumAgeNanoseconds = Int64(maxAgeMilliseconds) * 1_000_000
    settings.maximumUnmovedAgeNanoseconds = Int64(maxAgeWithoutOdometryMilliseconds) * 1_000_000
    return settings
  }
}

extension Configuration.Simulation {
  /// The simulated range sensors, one for each pattern that has points.
  var rangeScans: [RangeScan] {
    let patterns: [(count: Int, pattern: RangeScan.Pattern)] = [
      (rangeBeams, .beams(rangeBeams)), (rangePoints, .points(rangePoints)),
      (rangeCorners, .corners(rangeCorners)),
    ]
    return patterns.filter { $0.count > 0 }.map { entry in
      var scan = RangeScan(entry.pattern, seed: UInt64(seed))
      scan.isHalfBlind = rangeHalfBlind
      scan.relativeSigma = rangeSigma
      scan.outlierShare = rangeOutliers
      return scan
    }
  }
}
