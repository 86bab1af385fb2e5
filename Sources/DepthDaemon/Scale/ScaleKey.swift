import DepthPipeline
import Geometry
import ModelBundle
import PriorFusion
import Quantities

/// What a learned scale belongs to: with any of it another, the scale may be another too.
package struct ScaleKey: Codable, Equatable, Sendable {
  /// Name of the camera and where its frames come from.
  package var camera: String
  package var calibration: String
  /// SHA-256 of the whole bundle.
  package var model: String
  /// Id of the prior bank in use, or "none".
  package var bank: String
  /// Of the network's input.
  package var resolution: String
  /// How the camera sits on the robot, as configured.
  package var mount: String

  package init(
    camera: String, calibration: String, model: String, bank: String, resolution: String, mount: String
  ) {
    self.camera = camera
    self.calibration = calibration
    self.model = model
    self.bank = bank
    self.resolution = resolution
    self.mount = mount
  }

  /// The members that differ, in words.
  func differences(from other: ScaleKey) -> [String] {
    var words: [String] = []
    func compare(_ name: String, _ here: String, _ there: String) {
      if here != there { words.append("\(name) was \(there), is \(here)") }
    }
    compare("camera", camera, other.camera)
    compare("calibration", calibration, other.calibration)
    compare("model", String(model.prefix(16)), String(other.model.prefix(16)))
    compare("bank", bank, other.bank)
    compare("resolution", resolution, other.resolution)
    compare("mount", mount, other.mount)
    return words
  }
}

extension ScaleKey {
  init(builder: PipelineBuilder, gridSize: ImageSize) {
    camera = builder.settings.cameraIdentity
    calibration = builder.settings.calibrationID ?? "none"
    model = builder.model.hash
    bank = builder.model.priors?.id ?? "none"
    resolution = "\(gridSize)"
    mount = builder.calibration?.mount.map(Self.text) ?? "unknown"
  }

  /// To a millimetre and a tenth of a degree.
  private static func text(_ mount: CameraMount) -> String {
    func rounded(_ value: Double, _ steps: Double) -> String { "\((value * steps).rounded() / steps)" }
    let degrees = 180 / Double.pi
    return [
      rounded(mount.heightMeters, 1000), rounded(mount.pitchRadians * degrees, 10),
      rounded(mount.rollRadians * degrees, 10), rounded(mount.yawRadians * degrees, 10),
      rounded(mount.leverArm?.forwardMeters ?? 0, 1000), rounded(mount.leverArm?.leftMeters ?? 0, 1000),
    ].joined(separator: " ")
  }
}
