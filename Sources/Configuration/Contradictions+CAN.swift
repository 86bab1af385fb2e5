import CANSignals

extension Configuration {
  /// What the signals of a CAN bus lack, or have too much of, to make odometry.
  var canContradictions: [Contradiction] {
    guard case .can = odometry.source else { return [] }
    let can = odometry.can
    if can.left != nil, can.right == nil { return [contradiction("right", "left", "is missing beside left")] }
    if can.right != nil, can.left == nil {
      return [contradiction("left", "right", "is missing beside right")]
    }
    let hasWheels = can.left != nil && can.right != nil
    if can.speed == nil, !hasWheels {
      return [
        contradiction(
          "speed", "yaw_rate", "is missing: a CAN bus needs speed and yaw_rate, or left and right")
      ]
    }
    if can.yawRate == nil, !hasWheels {
      return [
        contradiction("yaw_rate", "speed", "is missing: without it turns are unknown; or give left and right")
      ]
    }
    return unitContradictions + wheelContradictions
  }

  private var unitContradictions: [Contradiction] {
    let can = odometry.can
    var found: [Contradiction] = []
    if let unit = can.yawRate?.unit, unit.kind != .angle {
      found.append(
        contradiction("yaw_rate", nil, "is in \(unit.rawValue); a yaw rate is in rad/s, deg/s or rpm"))
    }
    if let unit = can.speed?.unit, unit.kind == .count {
      found.append(contradiction("speed", nil, "is in ticks, which only left and right may be"))
    }
    return found
  }

  /// Numbers of the wheels that the signals' units need.
  private var wheelContradictions: [Contradiction] {
    let (can, wheels) = (odometry.can, odometry.wheels)
    var found: [Contradiction] = []
    func need(_ name: String, _ value: Double?, for role: String, _ reason: String) {
      guard value == nil else { return }
      found.append(
        Contradiction(
          key: "odometry.wheels.\(name)", involved: ["odometry.wheels.\(name)", "odometry.can.\(role)"],
          text: "is missing: odometry.can.\(role) \(reason)"))
    }
    for (role, signal) in [("left", can.left), ("right", can.right), ("speed", can.speed)] {
      guard let unit = signal?.unit, unit.kind != .distance else { continue }
      let reason = "is in \(unit.rawValue)"
      if role != "right" { need("left_radius_m", wheels.leftRadiusMeters, for: role, reason) }
      if role != "left" { need("right_radius_m", wheels.rightRadiusMeters, for: role, reason) }
      if unit.kind == .count { need("ticks_per_revolution", wheels.ticksPerRevolution, for: role, reason) }
    }
    if can.yawRate == nil { need("track_m", wheels.trackMeters, for: "left", "and right tell turns by it") }
    return found
  }

  private func contradiction(_ role: String, _ other: String?, _ text: String) -> Contradiction {
    Contradiction(
      key: "odometry.can.\(role)",
      involved: ["odometry.can.\(role)"] + (other.map { ["odometry.can.\($0)"] } ?? []) + ["odometry.source"],
      text: text)
  }
}
