/// Some neighbouring lanes of a panel's row; every kernel's number of lanes is a multiple of theirs.
typealias LaneVector = SIMD8<Float>

extension UnsafePointer<Float> {
  @inline(__always)
  var vector: LaneVector { UnsafeRawPointer(self).loadUnaligned(as: LaneVector.self) }
}

extension UnsafeMutablePointer<Float> {
  @inline(__always)
  var vector: LaneVector {
    get { UnsafeRawPointer(self).loadUnaligned(as: LaneVector.self) }
    nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: LaneVector.self) }
  }
}
