import CV4L2
package import Decoding
package import Quantities

extension V4L2Device {
  private static let captureType = V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
  /// More than any driver offers; ends the enumeration of one that never says stop.
  private static let enumerationLimit: UInt32 = 256

  /// Everything the driver offers.
  package func offeredFormats() -> [OfferedFormat] {
    var formats: [OfferedFormat] = []
    for index in 0..<Self.enumerationLimit {
      var entry = v4l2_fmtdesc()
      entry.index = index
      entry.type = Self.captureType
      guard perform(.enumerateFormats, &entry) == 0 else { break }
      let pixelFormat = PixelFormat(code: entry.pixelformat)
      formats.append(
        OfferedFormat(
          pixelFormat: pixelFormat, name: string(&entry.description), modes: offeredModes(pixelFormat)))
    }
    return formats
  }

  private func offeredModes(_ pixelFormat: PixelFormat) -> [OfferedMode] {
    var modes: [OfferedMode] = []
    for index in 0..<Self.enumerationLimit {
      var entry = v4l2_frmsizeenum()
      entry.index = index
      entry.pixel_format = pixelFormat.code
      guard perform(.enumerateSizes, &entry) == 0 else { break }
      guard entry.type == V4L2_FRMSIZE_TYPE_DISCRETE.rawValue else {
        let range = entry.stepwise
        let largest = ImageSize(width: Int(range.max_width), height: Int(range.max_height))
        let smallest = ImageSize(width: Int(range.min_width), height: Int(range.min_height))
        modes.append(
          OfferedMode(size: largest, smallest: smallest, ratesHz: offeredRates(pixelFormat, largest)))
        break
      }
      let size = ImageSize(width: Int(entry.discrete.width), height: Int(entry.discrete.height))
      modes.append(OfferedMode(size: size, ratesHz: offeredRates(pixelFormat, size)))
    }
    return modes
  }

  private func offeredRates(_ pixelFormat: PixelFormat, _ size: ImageSize) -> [Double] {
    var rates: [Double] = []
    for index in 0..<Self.enumerationLimit {
      var entry = v4l2_frmivalenum()
      entry.index = index
      entry.pixel_format = pixelFormat.code
      entry.width = UInt32(size.width)
      entry.height = UInt32(size.height)
      guard perform(.enumerateIntervals, &entry) == 0 else { break }
      guard entry.type == V4L2_FRMIVAL_TYPE_DISCRETE.rawValue else {
        rates += [rate(entry.stepwise.min), rate(entry.stepwise.max)]
        break
      }
      rates.append(rate(entry.discrete))
    }
    return rates.filter { $0 > 0 }.sorted(by: >)
  }

  /// Asks for a mode and reads back what the driver made of it.
  /// - Throws: `.unusableFormat` when the driver changes the pixel format; `.busy`, `.lost`, `.system`.
  package func negotiate(
    _ pixelFormat: PixelFormat, size: ImageSize, rateHz: Double
  ) throws(CaptureError) -> NegotiatedMode {
    var format = v4l2_format()
    format.type = Self.captureType
    format.fmt.pix.width = UInt32(size.width)
    format.fmt.pix.height = UInt32(size.height)
    format.fmt.pix.pixelformat = pixelFormat.code
    format.fmt.pix.field = V4L2_FIELD_ANY.rawValue
    try require(.setFormat, &format)
    let answer = format.fmt.pix
    guard answer.pixelformat == pixelFormat.code, answer.width > 0, answer.height > 0 else {
      throw .camera(
        .unusableFormat(
          path: path, wanted: "\(pixelFormat) at \(size)",
          offered: offeredFormats().map { "\($0.pixelFormat)" }))
    }
    let colour = ColourInterpretation(answer)
    return NegotiatedMode(
      format: CaptureFormat(
        pixelFormat: pixelFormat, size: ImageSize(width: Int(answer.width), height: Int(answer.height)),
        bytesPerLine: Int(answer.bytesperline), encoding: colour.encoding, range: colour.range),
      imageBytes: Int(answer.sizeimage), rateHz: negotiateRate(rateHz))
  }

  /// A camera that does not let its rate be set keeps its own; the answer tells.
  private func negotiateRate(_ wantedHz: Double) -> Double {
    var parameters = v4l2_streamparm()
    parameters.type = Self.captureType
    guard wantedHz > 0 else { return 0 }
    parameters.parm.capture.timeperframe = v4l2_fract(
      numerator: 1000, denominator: UInt32((1000 * wantedHz).rounded()))
    guard perform(.setParameters, &parameters) == 0 else { return 0 }
    return rate(parameters.parm.capture.timeperframe)
  }

  private func rate(_ interval: v4l2_fract) -> Double {
    interval.numerator > 0 ? Double(interval.denominator) / Double(interval.numerator) : 0
  }
}

/// How to read the colours, from the driver's flags; the defaults are those of the kernel's documentation
/// (`V4L2_MAP_YCBCR_ENC_DEFAULT`, `V4L2_MAP_QUANTIZATION_DEFAULT`).
struct ColourInterpretation {
  let encoding: ColourEncoding
  let range: QuantizationRange

  init(_ format: v4l2_pix_format) {
    switch format.ycbcr_enc {
    case V4L2_YCBCR_ENC_709.rawValue: encoding = .bt709
    case V4L2_YCBCR_ENC_BT2020.rawValue, V4L2_YCBCR_ENC_BT2020_CONST_LUM.rawValue: encoding = .bt2020
    case V4L2_YCBCR_ENC_DEFAULT.rawValue:
      switch format.colorspace {
      case V4L2_COLORSPACE_REC709.rawValue, V4L2_COLORSPACE_DCI_P3.rawValue: encoding = .bt709
      case V4L2_COLORSPACE_BT2020.rawValue: encoding = .bt2020
      default: encoding = .bt601
      }
    default: encoding = .bt601
    }
    switch format.quantization {
    case V4L2_QUANTIZATION_FULL_RANGE.rawValue: range = .full
    case V4L2_QUANTIZATION_LIM_RANGE.rawValue: range = .limited
    default:
      // Grey cameras deliver the sensor's full range unless they say otherwise.
      let isFull =
        format.colorspace == V4L2_COLORSPACE_JPEG.rawValue
        || format.pixelformat == PixelFormat.grey.code
      range = isFull ? .full : .limited
    }
  }
}
