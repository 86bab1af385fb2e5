// The camera's height by images of a room whose floor and motion are known.
import Foundation
import Geometry
import Odometry
import Quantities
import Scale
import Testing

@Suite struct CameraHeightTests {
  /// What a drive through the room is like, and what is believed of it.
  private struct Drive {
    var room = SyntheticRoom()
    /// Of the camera, radians down.
    var pitch = 0.0
    /// Configured height over the true one, and configured pitch.
    var heightFactor = 1.0
    var configuredPitch = 0.0
    /// Metres and radians of each frame.
    var step = 0.06
    var turn = 0.0
    /// Odometry's metres over the true ones.
    var odometryFactor = 1.0
    /// Network's depth over the truth, by how far away a pixel is.
    var bend: (Double) -> Double = { _ in 1 }
    /// Radians that the camera nods from frame to frame.
    var nod = 0.0

    func pose(_ frame: Int) -> SyntheticRoom.Pose {
      var pose = SyntheticRoom.Pose(pitch: pitch + (frame % 2 == 0 ? nod : 0))
      for past in 0..<frame {
        let heading = turn * (Double(past) + 0.5)
        pose.x -= step * sin(heading)
        pose.z += step * cos(heading)
      }
      pose.heading = turn * Double(frame)
      return pose
    }

    /// What odometry says: it knows of no nodding.
    func motion(_ from: Int, _ to: Int) -> CameraMotion {
      func level(_ frame: Int) -> RigidTransform {
        var pose = pose(frame)
        pose.pitch = configuredPitch
        return pose.roomFromCamera
      }
      var motion = level(from).inverse * level(to)
      motion.translation *= odometryFactor
      return CameraMotion(
        startFromEnd: motion, turnRadians: turn * Double(to - from), relativeSigma: 0.01)
    }
  }

  private func time(_ frame: Int) -> MonotonicTime { MonotonicTime(seconds: 3 + 0.1 * Double(frame)) }

  private func observe(_ drive: Drive, frames: Int = 40) -> [HeightObservation] {
    let mount = CameraMount(
      heightMeters: 0.6 * drive.heightFactor, pitchRadians: drive.configuredPitch)
    var observer = ScaleObserver(intrinsics: SyntheticRoom.intrinsics, mount: mount, initialLogScale: 0)
    var found: [HeightObservation] = []
    for frame in 0..<frames {
      let view = drive.room.view(drive.pose(frame))
      let depth = view.depth.map { Float(Double($0) * drive.bend(Double($0))) }
      view.image.withUnsafeBufferPointer { image in
        depth.withUnsafeBufferPointer { depth in
          guard let image = image.baseAddress, let depth = depth.baseAddress else { return }
          let result = observer.observe(.init(time: time(frame), image: image, depth: depth)) { from, to in
            func index(_ time: MonotonicTime) -> Int {
              Int((Double(time - self.time(0)) * 1e-8).rounded())
            }
            return drive.motion(index(from), index(to))
          }
          if let height = result.height { found.append(height) }
        }
      }
    }
    return found
  }

  private func passed(_ drive: Drive) throws -> (count: Int, height: Double, pitch: Double) {
    let found = observe(drive).filter { $0.gate == .passed }
    try #require(!found.isEmpty)
    // The median, as the daemon does.
    let heights = found.map(\.mount.heightMeters).sorted()
    let pitches = found.map(\.mount.pitchRadians).sorted()
    return (found.count, heights[heights.count / 2], pitches[pitches.count / 2])
  }

  @Test(arguments: [0.7, 1.0, 1.3])
  func `the height is found whatever is configured`(factor: Double) throws {
    let found = try passed(Drive(heightFactor: factor))
    #expect(found.count >= 4)
    #expect(abs(log(found.height / 0.6)) < 0.02)
    #expect(abs(found.pitch) < 0.01)
  }

  @Test func `a network that bends the floor does not bend the height`() throws {
    let found = try passed(Drive(bend: { 1.3 - 0.04 * $0 }))
    #expect(abs(log(found.height / 0.6)) < 0.02)
  }

  @Test(arguments: [-0.052, 0.052])
  func `a pitch that is not the configured one is found with the height`(pitch: Double) throws {
    let found = try passed(Drive(pitch: pitch))
    // Tipped up, the camera sees two thirds of the floor's windows.
    #expect(abs(log(found.height / 0.6)) < 0.03)
    #expect(abs(found.pitch - pitch) < 0.01)
  }

  @Test func `nodding and turning are told from height`() throws {
    let found = try passed(Drive(turn: 0.01, nod: 0.004))
    #expect(abs(log(found.height / 0.6)) < 0.04)
  }

  @Test func `metres are the odometry's`() throws {
    let found = try passed(Drive(odometryFactor: 1.2))
    #expect(abs(log(found.height / 0.72)) < 0.02)
  }
}
