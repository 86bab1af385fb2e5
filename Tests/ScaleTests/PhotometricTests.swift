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
  ///   - bend: what a network that errs makes of the true depth.
  ///   - path: the true pose of each frame.
  ///   - told: the motion that odometry claims; nil = the truth.
  private func drive(
    factor: Float, bend: ([Float]) -> [Float] = { $0 }, frames: Int = 24,
    room: (Int) -> SyntheticRoom = { _ in SyntheticRoom() },
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
      let depth = bend(view.depth).map { $0 * factor }
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

  @Test(arguments: [-0.03, 0.03])
  func `a camera that looks a little to the side or down is as good as a straight one`(angle: Double) {
    let aside = drive(
      factor: 1.25, path: { SyntheticRoom.Pose(z: 0.06 * Double($0), heading: angle) }, told: ahead)
    #expect(abs(mean(aside) + log(1.25)) < 0.03)
    let tilted = drive(
      factor: 1.25, path: { SyntheticRoom.Pose(z: 0.06 * Double($0), pitch: angle) }, told: ahead)
    #expect(abs(mean(tilted) + log(1.25)) < 0.03)
  }

  @Test func `something that moves with the camera is left out`() {
    let observations = drive(factor: 1.25, room: { _ in SyntheticRoom(companion: 0.25) }, path: ahead)
    #expect(abs(mean(observations) + log(1.25)) < 0.03)
  }

  /// Depth that is too small on the lower rows, which the bare floor fills, and too large above.
  private func bent(_ depth: [Float]) -> [Float] {
    let (width, firstRow) = (SyntheticRoom.size.width, 58)
    return depth.indices.map { depth[$0] * ($0 / width >= firstRow ? 0.85 : 1.15) }
  }

  @Test(arguments: [Float(0.04), 1])
  func `a floor speaks for its share of the image, however bare it is`(contrast: Float) {
    let observations = drive(
      factor: 1, bend: bent, frames: 36, room: { _ in SyntheticRoom(floorContrast: contrast) }, path: ahead)
    #expect(observations.count { $0.gate == .passed } >= 6)
    // 58 of 96 rows have depth that is 15 % too large.
    for observation in observations where observation.gate == .passed {
      #expect(abs(observation.logScale + log(1.15)) < 0.1)
    }
  }

  /// A bare floor speaks where it moves by the six pixels that a block needs: this robot goes 0.3 m each frame.
  @Test func `the lower half of the image outvotes the upper where it is larger`() {
    let (width, firstRow) = (SyntheticRoom.size.width, 40)
    let observations = drive(
      factor: 1, bend: { depth in depth.indices.map { depth[$0] * ($0 / width >= firstRow ? 0.85 : 1.15) } },
      frames: 20, room: { _ in SyntheticRoom(floorContrast: 0.04) },
      path: { SyntheticRoom.Pose(z: 0.3 * Double($0)) })
    #expect(observations.count { $0.gate == .passed } >= 6)
    for observation in observations where observation.gate == .passed {
      #expect(abs(observation.logScale + log(0.85)) < 0.07)
    }
  }

  @Test func `no look is surer than five in a hundred`() {
    for observation in drive(factor: 1, path: ahead) where observation.gate == .passed {
      #expect(observation.variance >= 0.05 * 0.05)
    }
  }

  /// Bare rows above, which a network puts at 50 m. The rows below them, a third of the rest, which it puts too far
  /// away, would speak for them, and then for more than half of the image.
  @Test func `the sky has no say`() {
    let skyRows = 36
    func bent(_ depth: [Float]) -> [Float] {
      depth.indices.map { index in
        let row = index / SyntheticRoom.size.width
        return row < skyRows ? 50 : depth[index] * (row < skyRows + 20 ? 1.4 : 1)
      }
    }
    let observations = drive(
      factor: 1, bend: bent, frames: 36, room: { _ in SyntheticRoom(bareRows: skyRows) }, path: ahead)
    let said = observations.filter { $0.gate == .passed }.map(\.logScale).sorted()
    #expect(said.count >= 6 && abs(said[said.count / 2]) < 0.05, "\(said)")
  }

  @Test func `a picture that mostly moves with the camera is refused or seen through`() {
    for observation in drive(factor: 1, room: { _ in SyntheticRoom(companion: 0.6) }, path: ahead)
    where observation.gate == .passed {
      #expect(abs(observation.logScale) < 0.1)
    }
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

  @Test(arguments: [Float(0.1), 0.3, 1])
  func `patches that torn depth stretches beyond the image are not looked for there`(factor: Float) {
    // Nearer and farther within a few pixels, everywhere; backwards, things come from beyond the image's border.
    func torn(_ depth: [Float]) -> [Float] {
      let width = SyntheticRoom.size.width
      return depth.enumerated().map { index, depth in
        depth * (1 + 0.3 * sin(0.4 * Float(index % width)) * sin(0.4 * Float(index / width)))
      }
    }
    let observations = drive(
      factor: factor, bend: torn, path: { SyntheticRoom.Pose(z: 2 - 0.06 * Double($0)) })
    #expect(!observations.isEmpty)
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
