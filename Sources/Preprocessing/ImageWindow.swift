import Geometry
public import Quantities

/// A rectangle of an image in units of its pixels, measured from the image's upper left edge (not from the
/// first pixel's centre).
///
/// Edges may lie inside pixels, so that a crop keeps a shape exactly.
public struct ImageWindow: Hashable, Sendable {
  public var x: Double
  public var y: Double
  public var width: Double
  public var height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  public static func whole(of size: ImageSize) -> ImageWindow {
    ImageWindow(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
  }

  /// The largest window of a given shape, centred across; `verticalOffset` -1 is the top, 0 the centre, 1 the
  /// bottom.
  public static func largest(
    aspectRatio: Double, in size: ImageSize, verticalOffset: Double
  ) -> ImageWindow {
    precondition(abs(verticalOffset) <= 1, "the vertical offset lies between -1 and 1")
    let whole = ImageWindow.whole(of: size)
    let width = min(whole.width, whole.height * aspectRatio)
    let height = min(whole.height, whole.width / aspectRatio)
    return ImageWindow(
      x: (whole.width - width) / 2, y: (whole.height - height) / 2 * (1 + verticalOffset),
      width: width, height: height)
  }

  /// The image position (pixel centres at integers) under a position of the window shown at `size`.
  func position(u: Double, v: Double, shownAt size: ImageSize) -> (u: Double, v: Double) {
    (
      x + (u + 0.5) * width / Double(size.width) - 0.5,
      y + (v + 0.5) * height / Double(size.height) - 0.5
    )
  }

  /// The inverse of `position`.
  func shownPosition(u: Double, v: Double, shownAt size: ImageSize) -> (u: Double, v: Double) {
    (
      (u + 0.5 - x) * Double(size.width) / width - 0.5,
      (v + 0.5 - y) * Double(size.height) / height - 0.5
    )
  }

  /// Intrinsics of the window shown at `size`, from those of the image it is cut from.
  func intrinsics(of image: CameraIntrinsics, shownAt size: ImageSize) -> CameraIntrinsics {
    let centre = shownPosition(u: image.cx, v: image.cy, shownAt: size)
    return CameraIntrinsics(
      fx: image.fx * Double(size.width) / width, fy: image.fy * Double(size.height) / height,
      cx: centre.u, cy: centre.v, size: size)
  }
}
