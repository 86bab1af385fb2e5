import ImageBuffers
import ImageCodecs
import Quantities
import WireFormat

/// The picture for people: colour-mapped depth with a fixed range, as JPEG, at most so often.
struct PreviewStage: ~Copyable {
  private var metricPicture: DepthPreview
  private var unscaledPicture: DepthPreview
  private let encoder: JPEGEncoder
  private var pace: Pace

  init(settings: PipelineSettings, size: ImageSize) throws(ImageCodecError) {
    func picture(_ unit: String) -> DepthPreview {
      DepthPreview(
        depthSize: size, nearest: max(0.1, Float(settings.nearestMeters)),
        farthest: Float(settings.previewRangeMeters), unitLabel: unit)
    }
    metricPicture = picture("m")
    unscaledPicture = picture("u")
    // Colour carries the meaning here: no chroma subsampling.
    encoder = try JPEGEncoder(quality: settings.jpegQuality, chroma: .full)
    pace = Pace(intervalNanoseconds: settings.previewIntervalNanoseconds)
  }

  var size: ImageSize { metricPicture.image.size }

  mutating func isDue(at time: MonotonicTime) -> Bool { pace.isDue(at: time) }

  /// The JPEG bytes of depth in metres, valid until the next call.
  mutating func encode(
    metric depth: borrowing Plane<Float>
  ) throws(ImageCodecError) -> UnsafeRawBufferPointer {
    metricPicture.update(depth)
    return try encoder.encode(metricPicture.image)
  }

  /// The JPEG bytes of depth in the network's unit, valid until the next call.
  mutating func encode(
    unscaled depth: borrowing Plane<Float>
  ) throws(ImageCodecError) -> UnsafeRawBufferPointer {
    unscaledPicture.update(depth)
    return try encoder.encode(unscaledPicture.image)
  }
}
