/// Why a message of range points was not taken.
package enum RangeRejection: CaseIterable, Sendable {
  /// It is no such message, is cut off, or its length contradicts its header.
  case unreadable
  /// The calibration states other sensors, not the one it names.
  case unknownFrame
  /// The calibration states no sensors, or there is no calibration.
  case noExtrinsics
  /// Its stamp lies in the future.
  case future
  /// It is older than any frame it could belong to.
  case old
  /// An earlier one of the same sensor has a later stamp.
  case reordered

  /// The key in `status`.
  var word: StaticString {
    switch self {
    case .unreadable: "unreadable"
    case .unknownFrame: "unknown_frame"
    case .noExtrinsics: "no_extrinsics"
    case .future: "future"
    case .old: "old"
    case .reordered: "reordered"
    }
  }
}
