public import Geometry
import ImageBuffers
import ModelBundle
import Preprocessing
import Glibc
public import Quantities
public import Scale

extension DepthPipeline {
  /// The last frame as observers of scale see it; valid until the next.
  public func scaleFrame(time: MonotonicTime) -> ScaleObserver.Frame? {
    guard let image = network.input.baseAddress else { return nil }
    return ScaleObserver.Frame(
      time: time, image: UnsafePointer(image), depth: UnsafePointer(maps.unscaled.baseAddress))
  }

  /// What looks at this pipeline's frames for their scale; nil for an uncalibrated camera, whose pixels motion says
  /// nothing about.
  public func makeScaleObserver(mount: CameraMount?) -> ScaleObserver? {
    guard let intrinsics = grid.intrinsics else { return nil }
    return ScaleObserver(
      intrinsics: intrinsics, mount: mount, initialLogScale: log(model.initialScale.value))
  }
}
