import Foundation
import Geometry
import ImageBuffers
import Quantities
import Simulation
import TestSupport
import Testing

/// The mount measured on the simulator's true depth: what the estimator itself is worth, among cars, boxes and people.
///
/// How much worse a network's depth makes it stands in docs/field-guide.md.
@Suite struct GroundFromTruthTests {
  private static let size = ImageSize(width: 256, height: 192)
  private static let places = 12

  /// Mounts measured at places along the drive where ground is seen.
  private func views(_ settings: SimulationSettings) throws -> [GroundView] {
    let simulation = Simulation(settings)
    var image = RGBImage(size: Self.size)
    var views: [GroundView] = []
    for place in 0..<Self.places {
      var depth: Plane<Float>? = Plane(width: Self.size.width, height: Self.size.height)
      let frame = place * 60
      simulation.render(
        at: simulation.time(ofFrame: frame), frame: frame, executor: SerialExecutor(), into: &image,
        trueDepth: &depth)
      guard let truth = depth.take() else { throw TestFailure("the depth plane is gone") }
      let view = GroundView(intrinsics: settings.calibration.intrinsics) { u, v in truth.row(v)[u] }
      if let view { views.append(view) }
    }
    return views
  }

  @Test(arguments: SimulationWorld.allCases, [0.0, 12.0])
  func `height and pitch are found on true depth in every world`(
    world: SimulationWorld, pitchDegrees: Double
  ) throws {
    var settings = SimulationSettings(
      world: world, seed: 5, calibration: SimulationSettings.defaultCalibration(size: Self.size))
    settings.cameraPitchRadians = pitchDegrees * .pi / 180
    let views = try views(settings)
    #expect(views.count >= Self.places * 2 / 3, "ground in \(views.count) of \(Self.places) frames")
    let heights = views.map(\.mount.heightMeters).sorted()
    let pitches = views.map(\.mount.pitchRadians).sorted()
    let height = try #require(heights.isEmpty ? nil : heights[heights.count / 2])
    let pitch = pitches[pitches.count / 2]
    #expect(abs(height / settings.cameraHeightMeters - 1) < 0.02, "height \(height) m")
    #expect(abs(pitch - settings.cameraPitchRadians) < 0.3 * .pi / 180, "pitch \(pitch * 180 / .pi) degrees")
  }
}
