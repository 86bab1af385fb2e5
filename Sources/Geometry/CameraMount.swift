import Glibc

/// Where a camera sits on the robot and how it looks at the ground.
public struct CameraMount: Hashable, Sendable {
  /// Of the optical centre above the ground, metres.
  public var heightMeters: Double
  /// Of the optical axis below the horizon, radians: positive looks down (REP 103).
  public var pitchRadians: Double
  /// About the optical axis, radians: positive when the camera's right side is the lower one.
  public var rollRadians: Double
  /// About the vertical, radians: positive when the camera looks to the left of the robot's forward axis.
  public var yawRadians: Double
  /// Of the optical centre from the point whose motion odometry reports; nil = not stated.
  public var leverArm: LeverArm?

  /// Metres ahead and to the left (REP 103).
  public struct LeverArm: Hashable, Sendable {
    public var forwardMeters: Double
    public var leftMeters: Double

    public init(forwardMeters: Double, leftMeters: Double = 0) {
      self.forwardMeters = forwardMeters
      self.leftMeters = leftMeters
    }
  }

  public init(
    heightMeters: Double, pitchRadians: Double, rollRadians: Double = 0, yawRadians: Double = 0,
    leverArm: LeverArm? = nil
  ) {
    self.heightMeters = heightMeters
    self.pitchRadians = pitchRadians
    self.rollRadians = rollRadians
    self.yawRadians = yawRadians
    self.leverArm = leverArm
  }
}

extension CameraMount {
  /// The mount from which the ground looks like `surface`, in the optical frame. The ground tells nothing of
  /// yaw and lever arm.
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

  /// Maps points from the optical frame (x right, y down, z forward) to the body's, on the ground below the point
  /// whose motion odometry reports (x forward, y left, z up). A lever arm that is not stated counts as none.
  public var bodyFromCamera: RigidTransform {
    let (sinPitch, cosPitch) = (sin(pitchRadians), cos(pitchRadians))
    let (sinRoll, cosRoll) = (sin(rollRadians), cos(rollRadians))
    let level = SIMD3<Double>(0, -1, 0)
    let downward = SIMD3(-sinPitch, 0, -cosPitch)
    // The camera's axes in the body's, before the camera is turned to the left.
    let right = cosRoll * level + sinRoll * downward
    let down = cosRoll * downward - sinRoll * level
    let forward = SIMD3(cosPitch, 0, -sinPitch)
    let turned = RigidTransform(
      rows: SIMD3(right.x, down.x, forward.x), SIMD3(right.y, down.y, forward.y),
      SIMD3(right.z, down.z, forward.z), translation: .zero)
    let position = SIMD3(leverArm?.forwardMeters ?? 0, leverArm?.leftMeters ?? 0, heightMeters)
    return RigidTransform.aboutThirdAxis(radians: yawRadians, translation: position) * turned
  }
}
