public import Geometry
import Quantities

extension CameraCalibration {
  /// Sixteen hexadecimal digits that change with any number of the calibration, not with its name, its
  /// comments or how the file is laid out.
  ///
  /// Learned scale is filed under it.
  ///
  /// - Source: FNV-1a, 64 bit, over the bit patterns of all numbers.
  public var id: String {
    let (model, coefficients) = DistortionModel.parameters(of: distortion)
    let k = intrinsics
    let p = rectifiedIntrinsics
    let numbers =
      [Double(k.size.width), Double(k.size.height), k.fx, k.fy, k.cx, k.cy]
      + [p.fx, p.fy, p.cx, p.cy] + rectification + coefficients
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ byte: UInt8) {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
    for byte in model.rawValue.utf8 { mix(byte) }
    for number in numbers {
      // Adding zero turns -0 into 0.
      let bits = (number + 0).bitPattern
      for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
