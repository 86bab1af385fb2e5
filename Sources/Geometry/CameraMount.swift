import Glibc

/// Where a camera sits above flat ground and how it looks at it.
public struct CameraMount: Hashable, Sendable {
  /// Of the optical centre above the ground, metres.
  public var heightMeters: Double
  /// Of the optical axis below the horizon, radians: positive looks down (REP 103).
  public var pitchRadians: Double
  /// About the optical axis, radians: positive when the camera's right side is the lower one.
  public var rollRadians: Double

  public init(heightMeters: Double, pitchRadians: Double, rollRadians: Double = 0) {
    self.heightMeters = heightMeters
    self.pitchRadians = pitchRadians
    self.rollRadians = rollRadians
  }
}

extension CameraMount {
  /// The mount from which the ground looks like `surface`, in the optical frame.
  public init(ground surface: FlatSurface) {
    let down = surface.normal
    self.init(
      heightMeters: surface.distanceMeters,
      pitchRadians: atan2(down.z, (down.x * down.x + down.y * down.y).squareRoot()),
      rollRadians: atan2(down.x, down.y))
  }

  /// The ground as this camera sees it, in the optical frame.
  public var ground: FlatSurface {
    let down = SIMD3(
      cos(pitchRadians) * sin(rollRadians), cos(pitchRadians) * cos(rollRadians),
      sin(pitchRadians))
    return FlatSurface(normal: down, distanceMeters: heightMeters)
  }
}
