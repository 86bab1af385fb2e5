import Geometry
import Quantities
import Scale
import Testing

struct CameraMovedWatchTests {
  private let mount = CameraMount(heightMeters: 0.5, pitchRadians: 0.1)

  private func watch(pitch: Double, height: Double, seconds: Double) -> CameraMovedWatch {
    var watch = CameraMovedWatch(mount: mount, settings: .init())
    for step in 0..<Int(seconds * 10) {
      watch.look(
        CameraMount(heightMeters: height, pitchRadians: pitch), at: MonotonicTime(seconds: 0.1 * Double(step))
      )
    }
    return watch
  }

  @Test
  func `a camera that sits as mounted is not reported`() {
    #expect(watch(pitch: 0.11, height: 0.52, seconds: 300).verdict == nil)
  }

  @Test
  func `a ramp of a few seconds is not reported`() {
    #expect(watch(pitch: 0.2, height: 0.5, seconds: 10).verdict == nil)
  }

  @Test
  func `a camera turned down by four degrees is reported with what it does to depth`() throws {
    let change = 4 * Double.pi / 180
    let verdict = try #require(watch(pitch: 0.1 + change, height: 0.5, seconds: 60).verdict)
    #expect(abs(verdict.pitchChangeRadians - change) < 1e-6 && abs(verdict.heightChangeMeters) < 1e-6)
    #expect(verdict.depthErrors.map(\.distanceMeters) == [2, 5, 10])
    // At 2 m the ground lies 14.04 deg below the horizon; read 4 deg higher it seems 2.82 m away.
    #expect(abs(verdict.depthErrors[0].share - 0.41) < 0.01)
    #expect(verdict.description.contains("turned by 4.0 deg"))
  }

  @Test
  func `a camera raised by a fifth is reported`() throws {
    let verdict = try #require(watch(pitch: 0.1, height: 0.6, seconds: 60).verdict)
    #expect(abs(verdict.heightChangeMeters - 0.1) < 1e-6)
    #expect(abs(verdict.depthErrors[1].share + 1 / 6.0) < 0.01)
  }
}
