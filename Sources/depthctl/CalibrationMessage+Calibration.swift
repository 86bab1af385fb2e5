// The camera behind a `calib/` message.
import Geometry
import Quantities
import WireFormat

extension CalibrationMessage {
  /// Nil when the message describes a lens this program does not know, or no camera at all (K is zero).
  var calibration: CameraCalibration? {
    guard cameraMatrix.count == 9, rectificationMatrix.count == 9, projectionMatrix.count == 12,
      cameraMatrix[0] > 0, let lens
    else { return nil }
    let size = ImageSize(width: width, height: height)
    let (k, p) = (cameraMatrix, projectionMatrix)
    return CameraCalibration(
      name: camera, intrinsics: CameraIntrinsics(fx: k[0], fy: k[4], cx: k[2], cy: k[5], size: size),
      distortion: lens, rectification: rectificationMatrix,
      rectifiedIntrinsics: CameraIntrinsics(fx: p[0], fy: p[5], cx: p[2], cy: p[6], size: size))
  }

  private var lens: LensDistortion? {
    let d = distortion
    guard !d.allSatisfy({ $0 == 0 }) else { return LensDistortion.none }
    switch (distortionModel, d.count) {
    case ("plumb_bob", 5): return .plumbBob(k1: d[0], k2: d[1], p1: d[2], p2: d[3], k3: d[4])
    case ("rational_polynomial", 8):
      return .rationalPolynomial(
        k1: d[0], k2: d[1], p1: d[2], p2: d[3], k3: d[4], k4: d[5], k5: d[6], k6: d[7])
    case ("equidistant", 4): return .equidistant(k1: d[0], k2: d[1], k3: d[2], k4: d[3])
    default: return nil
    }
  }
}
