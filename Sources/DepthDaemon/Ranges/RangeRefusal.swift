import Quantities

/// Why a scan is not taken in, with what was found; what people read of it is made by whoever tells them.
package enum RangeRefusal: Equatable, Sendable {
  /// The camera has no calibration.
  case noCalibration
  /// The calibration states no sensors.
  case noSensors
  /// It states these and not the one that was named.
  case unknownFrame(stated: [String])
  /// How far ahead the stamp is, nanoseconds.
  case future(by: Double)
  /// How old the scan was when it came, nanoseconds.
  case old(by: Double)
  /// How much older it is than the one before it, nanoseconds.
  case reordered(by: Double)

  package var reason: RangeRejection {
    switch self {
    case .noCalibration, .noSensors: .noExtrinsics
    case .unknownFrame: .unknownFrame
    case .future: .future
    case .old: .old
    case .reordered: .reordered
    }
  }

  /// - Parameter frame: of the scan.
  package func text(frame: String) -> String {
    switch self {
    case .noCalibration: "\"\(frame)\": the camera has no calibration, so points have no place in it"
    case .noSensors: "\"\(frame)\": the camera's calibration states no sensors"
    case .unknownFrame(let stated):
      "\"\(frame)\" is none of the calibration's sensors: \(stated.joined(separator: ", "))"
    case .future(let lead): "\"\(frame)\": stamped \(Self.span(lead)) in the future; compare the clocks"
    case .old(let age): "\"\(frame)\": \(Self.span(age)) old when it came; sparse.max_age_ms is less"
    case .reordered(let gap): "\"\(frame)\": \(Self.span(gap)) older than the one before"
    }
  }

  /// Milliseconds, seconds or hours.
  private static func span(_ nanoseconds: Double) -> String {
    let seconds = nanoseconds * 1e-9
    if seconds < 2 { return "\(Int((seconds * 1000).rounded())) ms" }
    return seconds < 3600 ? "\(Int(seconds)) s" : "\(Int((seconds / 3600).rounded())) h"
  }
}
