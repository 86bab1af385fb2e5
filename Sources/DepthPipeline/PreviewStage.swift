import ImageBuffers
import ImageCodecs
import Quantities
import WireFormat

/// The picture for people: colour-mapped depth with a fixed range, as JPEG, at most so often.
struct PreviewStage: ~Copyable {
  private var picture: DepthPreview
  private let encoder: JPEGEncoder
  private var pace: Pace

  init(settings: PipelineSettings, size: ImageSize, isMetric: Bool) throws(ImageCodecError) {
    picture = DepthPreview(
      depthSize: size, nearest: max(0.1, Float(settings.nearestMeters)),
      farthest: Float(settings.previewRangeMeters), unitLabel: isMetric ? "m" : "u")
    // Colour carries the meaning here: no chroma subsampling.
    encoder = try JPEGEncoder(quality: settings.jpegQuality, chroma: .full)
    pace = Pace(intervalNanoseconds: settings.previewIntervalNanoseconds)
  }

  var size: ImageSize { picture.image.size }

  mutating func isDue(at time: MonotonicTime) -> Bool { pace.isDue(at: time) }

  /// The picture's JPEG bytes, valid until the next call.
  mutating func encode(_ depth: borrowing Plane<Float>) throws(ImageCodecError) -> UnsafeRawBufferPointer {
    picture.update(depth)
    return try encoder.encode(picture.image)
  }
}
