public import Geometry
public import Quantities

/// How an image is brought to the network's shape.
public enum ImageFit: String, Sendable, CaseIterable {
  /// The largest window of the network's shape; nothing is squeezed, the rest of the image is not seen.
  case crop
  /// The whole image, squeezed: fx and fy then differ.
  case stretch
}

/// Which part of the rectified image the network sees and depth is published for, on which pixel grid.
///
/// Everything published (depth, confidence, points) lies on this grid and `intrinsics` are exactly its own.
public struct PublishedGrid: Hashable, Sendable {
  public let capturedSize: ImageSize
  /// The network's input size and the size of every published map.
  public let size: ImageSize
  /// The part of the rectified image that the grid shows, in its pixel edges: the whole image is
  /// x 0, y 0, width and height of the captured size.
  public let window: ImageWindow
  /// Pinhole intrinsics of the grid (no distortion); nil for an uncalibrated camera.
  public let intrinsics: CameraIntrinsics?
  /// Nil for an uncalibrated camera, whose image is taken as it comes.
  public let rectification: Rectification?

  /// - Parameters:
  ///   - capturedSize: what the source delivers.
  ///   - calibration: of the source, at `capturedSize` or at another resolution of the same shape.
  ///   - size: the network's input size.
  ///   - verticalOffset: -1 puts a lower crop window at the top of the image, 0 in its centre, 1 at the bottom.
  /// - Throws: `.calibrationOfAnotherShape`.
  public init(
    capturedSize: ImageSize, calibration: CameraCalibration?, size: ImageSize, fit: ImageFit = .crop,
    verticalOffset: Double = 0
  ) throws(GeometryError) {
    self.capturedSize = capturedSize
    self.size = size
    switch fit {
    case .crop:
      self.window = .largest(
        aspectRatio: size.aspectRatio, in: capturedSize, verticalOffset: verticalOffset)
    case .stretch:
      self.window = .whole(of: capturedSize)
    }
    guard let calibration else {
      self.rectification = nil
      self.intrinsics = nil
      return
    }
    let scaled = try calibration.scaled(to: capturedSize)
    self.rectification = Rectification(scaled)
    self.intrinsics = window.intrinsics(of: scaled.rectifiedIntrinsics, shownAt: size)
  }

  /// Where a grid position (pixel centres at integers) comes from in the captured image, and whether the lens
  /// sees it at all.
  ///
  /// The position may lie outside the captured image.
  public func capturedPixel(u: Double, v: Double) -> (u: Double, v: Double, isVisible: Bool) {
    let shown = window.position(u: u, v: v, shownAt: size)
    guard let rectification else { return (shown.u, shown.v, true) }
    return rectification.capturedPixel(rectifiedU: shown.u, v: shown.v)
  }

  /// Where a captured pixel lies on the grid; it may lie outside.
  ///
  /// Nil where the lens model does not invert.
  public func gridPixel(capturedU u: Double, v: Double) -> (u: Double, v: Double)? {
    guard let rectification else { return window.shownPosition(u: u, v: v, shownAt: size) }
    guard let pixel = rectification.rectifiedPixel(capturedU: u, v: v) else { return nil }
    return window.shownPosition(u: pixel.u, v: pixel.v, shownAt: size)
  }
}
