import ImageBuffers
import Quantities

/// The maps of one frame on the published grid, allocated once.
struct DepthMaps: ~Copyable {
  /// Depth in the network's unit; NaN = unknown, +Inf = beyond range.
  var unscaled: Plane<Float>
  /// The same in metres, as far as the scale is right.
  var metric: Plane<Float>
  /// As `unscaled`, predicted without range points, for the frames that those complete; one pixel long when the
  /// network takes none.
  var predicted: Plane<Float>
  /// 0...255, one long row: byte rows of a plane are padded, messages are not. One pixel long when the model
  /// estimates no confidence.
  var confidence: Plane<UInt8>

  init(size: ImageSize, hasConfidence: Bool, isCompleted: Bool) {
    // Stages walk these planes without gaps between rows.
    precondition(size.width % 32 == 0, "network sizes are multiples of 32")
    unscaled = Plane(width: size.width, height: size.height)
    metric = Plane(width: size.width, height: size.height)
    predicted = Plane(width: isCompleted ? size.width : 1, height: isCompleted ? size.height : 1)
    confidence = Plane(width: hasConfidence ? size.pixelCount : 1, height: 1)
  }
}
