// Turns from frame to frame by the images of a room whose motion is known.
import Foundation
import Geometry
import Odometry
import Quantities
import Scale
import Testing

@Suite struct TurnMeterTests {
  private func time(_ frame: Int) -> MonotonicTime { MonotonicTime(seconds: 5 + 0.1 * Double(frame)) }

  /// The turns that are seen on a path; `factor`: network units per metre.
  private func turns(
    frames: Int = 12, factor: Float = 1, room: (Int) -> SyntheticRoom = { _ in SyntheticRoom() },
    mount: CameraMount? = nil, path: (Int) -> SyntheticRoom.Pose
  ) -> [VisualTurn] {
    var meter = TurnMeter(intrinsics: SyntheticRoom.intrinsics, mount: mount)
    var found: [VisualTurn] = []
    for frame in 0..<frames {
      let view = room(frame).view(path(frame))
      let depth = view.depth.map { $0 * factor }
      view.image.withUnsafeBufferPointer { image in
        depth.withUnsafeBufferPointer { depth in
          guard let image = image.baseAddress, let depth = depth.baseAddress else { return }
          let turn = meter.observe(.init(time: time(frame), image: image, depth: depth))
          if let turn { found.append(turn) }
        }
      }
    }
    return found
  }

  /// Straight ahead by the camera's own heading, turning by `turn` each frame.
  private func arc(_ frame: Int, turn: Double, pitch: Double = 0) -> SyntheticRoom.Pose {
    var pose = SyntheticRoom.Pose(pitch: pitch)
    for step in 0..<frame {
      let heading = turn * (Double(step) + 0.5)
      pose.x -= 0.06 * sin(heading)
      pose.z += 0.06 * cos(heading)
    }
    pose.heading = turn * Double(frame)
    return pose
  }

  @Test(arguments: [-0.3, -0.05, 0, 0.02, 0.1, 0.4])
  func `a turn is measured whatever the unit of depth is`(yawRate: Double) {
    for factor in [Float(0.5), 1, 3] {
      let found = turns(factor: factor) { frame in arc(frame, turn: 0.1 * yawRate) }
      #expect(found.count == 11)
      for turn in found.dropFirst(2) {
        #expect(abs(turn.radians - 0.1 * yawRate) < 0.003)
        #expect(turn.end - turn.start == 100_000_000)
      }
    }
  }

  @Test func `driving along a near wall is no turn`() {
    let found = turns { SyntheticRoom.Pose(x: 1.1, z: 0.1 * Double($0)) }
    #expect(found.count == 11 && found.allSatisfy { abs($0.radians) < 0.003 })
  }

  @Test func `a turn that sets in and ends is followed`() {
    func heading(_ frame: Int) -> Double { 0.06 * sin(0.5 * Double(frame)) }
    let found = turns(frames: 40) {
      SyntheticRoom.Pose(z: 0.05 * Double($0), heading: heading($0))
    }
    #expect(found.count >= 37)
    for turn in found {
      let frame = Int((Double(turn.end.nanoseconds) / 1e8).rounded()) - 50
      #expect(abs(turn.radians - (heading(frame) - heading(frame - 1))) < 0.004)
    }
  }

  @Test func `a camera that looks aside while it drives sees no turn in that`() {
    func heading(_ frame: Int) -> Double { 0.3 * sin(0.2 * Double(frame)) }
    let found = turns(frames: 40) { SyntheticRoom.Pose(z: 0.05 * Double($0), heading: heading($0)) }
    var (lead, slopes) = (0.0, 0.0)
    for turn in found {
      let frame = Int((Double(turn.end.nanoseconds) / 1e8).rounded()) - 50
      let truth = heading(frame) - heading(frame - 1)
      let slope = (heading(frame + 1) - heading(frame) - heading(frame - 1) + heading(frame - 2)) / 2
      lead += (turn.radians - truth) * slope
      slopes += slope * slope
    }
    // In frames: what an estimate of the clocks would be wrong by.
    #expect(abs(lead / slopes) < 0.05)
  }

  @Test func `nodding and a change of exposure are no turns`() {
    let found = turns(room: { SyntheticRoom(gain: $0 % 2 == 0 ? 1 : 1.15) }) {
      SyntheticRoom.Pose(z: 0.05 * Double($0), pitch: $0 % 2 == 0 ? 0 : 0.02)
    }
    #expect(found.count == 11 && found.allSatisfy { abs($0.radians) < 0.004 })
  }

  @Test func `a tilted camera measures the turn about the vertical`() {
    let mount = CameraMount(heightMeters: 0.6, pitchRadians: 0.3)
    let found = turns(mount: mount) { arc($0, turn: 0.02, pitch: 0.3) }
    #expect(found.count == 11 && found.dropFirst(2).allSatisfy { abs($0.radians - 0.02) < 0.002 })
  }

  @Test func `a pause or an empty image gives no turn`() {
    var meter = TurnMeter(intrinsics: SyntheticRoom.intrinsics, mount: nil)
    let view = SyntheticRoom().view(.init())
    let black = [Float](repeating: 0, count: view.image.count)
    func look(_ image: [Float], seconds: Double) -> VisualTurn? {
      image.withUnsafeBufferPointer { image in
        view.depth.withUnsafeBufferPointer { depth in
          guard let image = image.baseAddress, let depth = depth.baseAddress else { return nil }
          return meter.observe(.init(time: MonotonicTime(seconds: seconds), image: image, depth: depth))
        }
      }
    }
    #expect(look(view.image, seconds: 1) == nil)
    #expect(look(view.image, seconds: 1.1) != nil)
    #expect(look(view.image, seconds: 2) == nil)
    #expect(look(black, seconds: 2.1) == nil)
    #expect(look(black, seconds: 2.2) == nil)
  }
}
