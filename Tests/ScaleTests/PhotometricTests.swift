import Foundation
import Geometry
import Odometry
import Quantities
import Scale
import Testing

@Suite struct PhotometricTests {
  private static func time(_ frame: Int) -> MonotonicTime {
    MonotonicTime(nanoseconds: 1_000_000_000 + Int64(frame) * 66_666_667)
  }

  /// Drives through the room and returns what the photometric observer says.
  /// - Parameters:
  ///   - factor: network units per metre.
  ///   - path: the true pose of each frame.
  ///   - told: the motion that odometry claims; nil = the truth.
  private func drive(
    factor: Float, frames: Int = 24, room: (Int) -> SyntheticRoom = { _ in SyntheticRoom() },
    path: @escaping (Int) -> SyntheticRoom.Pose, told: ((Int) -> SyntheticRoom.Pose)? = nil,
    hasOdometry: Bool = true, each: (ScaleObserver.Result) -> Void = { _ in }
  ) -> [ScaleObservation] {
    var settings = ScaleObserver.Settings()
    settings.usesGround = false
    settings.photometricIntervalSeconds = 0.1
    var observer = ScaleObserver(
      intrinsics: SyntheticRoom.intrinsics, mount: SyntheticRoom.mount, initialLogScale: 0, settings: settings
    )
    var observations: [ScaleObservation] = []
    for frame in 0..<frames {
      let view = room(frame).view(path(frame))
      let depth = view.depth.map { $0 * factor }
      let result = view.image.withUnsafeBufferPointer { image in
        depth.withUnsafeBufferPointer { depth -> ScaleObserver.Result in
          guard let image = image.baseAddress, let depth = depth.baseAddress else { return .init() }
          return observer.observe(.init(time: Self.time(frame), image: image, depth: depth)) { start, end in
            guard hasOdometry else { return nil }
            let pose = told ?? path
            func frameOf(_ time: MonotonicTime) -> Int {
              Int((Double(time.nanoseconds - 1_000_000_000) / 66_666_667).rounded())
            }
            let (from, to) = (pose(frameOf(start)), pose(frameOf(end)))
            return CameraMotion(
              startFromEnd: from.roomFromCamera.inverse * to.roomFromCamera,
              turnRadians: to.heading - from.heading, relativeSigma: 0.01)
          }
        }
      }
      each(result)
      if let observation = result.photometric { observations.append(observation) }
    }
    return observations
  }

  private func ahead(_ frame: Int) -> SyntheticRoom.Pose { SyntheticRoom.Pose(z: 0.06 * Double(frame)) }

  private func mean(_ observations: [ScaleObservation]) -> Double {
    let passed = observations.filter { $0.gate == .passed }
    return passed.isEmpty ? .nan : passed.reduce(0) { $0 + $1.logScale } / Double(passed.count)
  }

  @Test(arguments: [Float(0.5), 0.8, 1.0, 1.25, 2.0])
  func `the scale of exact depth is found to two in a hundred`(factor: Float) {
    let observations = drive(factor: factor, path: ahead)
    #expect(observations.count >= 6)
    #expect(observations.filter { $0.gate == .passed }.count >= observations.count - 1)
    #expect(abs(mean(observations) + log(Double(factor))) < 0.02)
    for observation in observations where observation.gate == .passed {
      #expect(
        abs(observation.logScale + log(Double(factor))) < 4 * max(0.01, observation.variance.squareRoot()))
      #expect(observation.distanceMeters >= 0.05)
    }
  }

  @Test func `changing exposure does not matter`() {
    let observations = drive(
      factor: 1.25, room: { frame in SyntheticRoom(gain: 1 + 0.25 * Float(sin(Double(frame)))) }, path: ahead)
    #expect(abs(mean(observations) + log(1.25)) < 0.02)
  }

  @Test func `pitching that wheels cannot feel does not matter`() {
    let observations = drive(
      factor: 1.25, path: { SyntheticRoom.Pose(z: 0.06 * Double($0), pitch: 0.006 * sin(2.1 * Double($0))) },
      told: ahead)
    #expect(abs(mean(observations) + log(1.25)) < 0.02)
  }

  @Test func `a curve is as good as a straight line`() {
    func curve(_ frame: Int) -> SyntheticRoom.Pose {
      let heading = 0.012 * Double(frame)
      return SyntheticRoom.Pose(x: -5 * (1 - cos(heading)), z: 5 * sin(heading), heading: heading)
    }
    #expect(abs(mean(drive(factor: 0.8, path: curve)) + log(0.8)) < 0.02)
  }

  @Test func `something that moves with the camera is left out`() {
    let observations = drive(factor: 1.25, room: { _ in SyntheticRoom(companion: 0.25) }, path: ahead)
    #expect(abs(mean(observations) + log(1.25)) < 0.03)
  }

  @Test func `images show the turn that odometry got wrong`() {
    func curve(_ frame: Int) -> SyntheticRoom.Pose {
      let heading = 0.012 * Double(frame)
      return SyntheticRoom.Pose(x: -5 * (1 - cos(heading)), z: 5 * sin(heading), heading: heading)
    }
    var rates: [Double] = []
    _ = drive(
      factor: 1, path: curve,
      told: { frame in
        var pose = curve(frame)
        pose.heading *= 0.9
        return pose
      }
    ) { result in
      if let rate = result.imageYawRate { rates.append(rate) }
    }
    let rate = rates.reduce(0, +) / Double(max(1, rates.count))
    #expect(abs(rate - 0.012 / 0.066_666_667) < 0.003)
  }

  @Test func `a robot that stands is not looked at`() {
    #expect(drive(factor: 1, path: { _ in SyntheticRoom.Pose() }).isEmpty)
  }

  @Test func `spinning wheels on a standing robot are seen through`() {
    var shares: [Double] = []
    let observations = drive(factor: 1, path: { _ in SyntheticRoom.Pose() }, told: ahead) { result in
      if let share = result.staticShare { shares.append(share) }
    }
    #expect(!observations.isEmpty)
    #expect(!observations.contains { $0.gate == .passed })
    #expect(shares.allSatisfy { $0 > 0.8 } && !shares.isEmpty)
  }

  @Test func `without odometry the reason is said`() {
    let observations = drive(factor: 1, path: ahead, hasOdometry: false)
    #expect(!observations.isEmpty)
    #expect(observations.allSatisfy { $0.gate == .rejected(.noOdometry) && $0.logScale.isNaN })
  }

  @Test func `turning fast is refused`() {
    let observations = drive(
      factor: 1, path: { SyntheticRoom.Pose(z: 0.06 * Double($0), heading: 0.1 * Double($0)) })
    #expect(!observations.isEmpty)
    for observation in observations {
      guard case .rejected(.yawRate(let found, _)) = observation.gate else {
        Issue.record("gate \(observation.gate)")
        continue
      }
      #expect(abs(found - 1.5) < 0.04)
    }
  }
}
