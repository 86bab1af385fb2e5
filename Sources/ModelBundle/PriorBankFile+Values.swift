import PriorFusion
import TensorFiles

extension PriorBankFile {
  /// Refuses values that are not finite, disparities outside 0 to 1 and rows of drives that the metadata do not name.
  ///
  /// - Parameters:
  ///   - bytes: a part of the tensor, whole elements.
  ///   - offset: where in the tensor the part begins, bytes.
  func checkValues(
    _ bytes: UnsafeRawBufferPointer, of tensor: String, type: TensorHeader.ElementType, from offset: Int
  ) throws(ModelBundleError) {
    let first = offset / type.byteCount
    switch type {
    case .float16:
      try refuseNotFinite(bytes, as: UInt16.self, exponent: 0x7C00, tensor, first) {
        Float(Float16(bitPattern: $0))
      }
    case .float32:
      try refuseNotFinite(bytes, as: UInt32.self, exponent: 0x7F80_0000, tensor, first) {
        Float(bitPattern: $0)
      }
      guard tensor == "disparity" else { return }
      let values = bytes.assumingMemoryBound(to: Float.self)
      if let place = values.firstIndex(where: { !(0...1).contains($0) }) {
        throw .bank(
          path: path,
          reason: "holds disparity \(values[place]) at reference \(first + place); 0 to 1 is possible")
      }
    case .int32:
      let values = bytes.assumingMemoryBound(to: Int32.self)
      let limit = tensor == "drive" ? Int32(clamping: metadata.drives.count) : .max
      if let place = values.firstIndex(where: { $0 < 0 || $0 >= limit }) {
        throw .bank(
          path: path,
          reason: "holds \(tensor) \(values[place]) at reference \(first + place)"
            + (tensor == "drive" ? "; its metadata name \(limit) drives" : ""))
      }
    case .uint8: return
    }
  }

  /// A number of which every bit of the exponent is set is infinite or no number (IEEE 754).
  private func refuseNotFinite<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, as type: Bits.Type, exponent: Bits, _ tensor: String, _ first: Int,
    value: (Bits) -> Float
  ) throws(ModelBundleError) {
    let numbers = bytes.assumingMemoryBound(to: Bits.self)
    // Without a way out of the loop it is one comparison per vector.
    var bad: Bits = 0
    for number in numbers { bad |= number & exponent == exponent ? 1 : 0 }
    guard bad != 0, let place = numbers.firstIndex(where: { $0 & exponent == exponent }) else { return }
    throw .tensors(
      .notFinite(file: path, tensor: tensor, index: first + place, value: value(numbers[place])))
  }
}
