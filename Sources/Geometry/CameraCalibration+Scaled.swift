public import Quantities

extension CameraCalibration {
  /// The same camera delivering another resolution of the same shape.
  ///
  /// A lens and its distortion do not know about pixels, so only the two intrinsics change (pixel-centre rule
  /// of `CameraIntrinsics.scaled`).
  /// - Throws: `.calibrationOfAnotherShape` unless `size` is the calibrated size times one factor, up to
  ///   rounding to whole pixels: a sensor that crops for another shape sees other rays at the same pixel.
  public func scaled(to size: ImageSize) throws(GeometryError) -> CameraCalibration {
    guard size != self.size else { return self }
    let expectedHeight = Double(size.width) * Double(self.size.height) / Double(self.size.width)
    guard abs(expectedHeight - Double(size.height)) < 1 else {
      throw .calibrationOfAnotherShape(camera: name, calibrated: self.size, captured: size)
    }
    var scaled = self
    scaled.intrinsics = intrinsics.scaled(to: size)
    scaled.rectifiedIntrinsics = rectifiedIntrinsics.scaled(to: size)
    return scaled
  }
}
