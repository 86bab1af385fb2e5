/// Why a frame is worth less than it could be.
///
/// Raw values are bit positions; names are the wire's words.
public enum Degradation: UInt8, CaseIterable, Sendable {
  /// No intrinsics: no point cloud, no metric scale from motion.
  case noCalibration
  /// No odometry, or none young enough to use.
  case noOdometry
  /// The scale is unknown; depth is in network units.
  case unscaled
  /// The scale is kept from earlier and no longer confirmed.
  case scaleHeld
  /// Scale sources disagree; the scale is frozen.
  case scaleConflict
  /// The prior bank is missing or switched off by a fault.
  case priorsOff
  /// Range points were expected and are missing or stale.
  case sparseStale
  /// The image is unlike what the model was trained on.
  case outOfDomain
  /// The image is too dark, too bright or covered.
  case badExposure
  /// Frames arrive slower than configured.
  case lowRate
  /// The camera delivers broken frames or had to be reopened lately.
  case cameraFaults
  /// The machine cannot keep up: frames are dropped before the network.
  case overload
  /// Much of the image lies in holes: depth far below the ground, taken away.
  case holes
  /// A reason this reader does not know.
  case other

  /// The word in the header's `degraded` array.
  public var name: StaticString {
    switch self {
    case .noCalibration: "no_calibration"
    case .noOdometry: "no_odometry"
    case .unscaled: "unscaled"
    case .scaleHeld: "scale_held"
    case .scaleConflict: "scale_conflict"
    case .priorsOff: "priors_off"
    case .sparseStale: "sparse_stale"
    case .outOfDomain: "out_of_domain"
    case .badExposure: "bad_exposure"
    case .lowRate: "low_rate"
    case .cameraFaults: "camera_faults"
    case .overload: "overload"
    case .holes: "holes"
    case .other: "other"
    }
  }
}

/// A set of reasons, kept in one word so that a header costs no allocation.
public struct Degradations: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public init(_ reason: Degradation) {
    self.rawValue = 1 << UInt32(reason.rawValue)
  }

  /// Whether the set names `reason`.
  public func contains(_ reason: Degradation) -> Bool {
    contains(Degradations(reason))
  }

  public mutating func insert(_ reason: Degradation) {
    formUnion(Degradations(reason))
  }

  /// The reasons' words, for people.
  public var names: [String] {
    Degradation.allCases.filter { contains($0) }.map { $0.name.description }
  }

  func encode(_ key: StaticString, into writer: inout ByteWriter) {
    writer.beginArray(key)
    var bit: UInt8 = 0
    while let reason = Degradation(rawValue: bit) {
      if contains(reason) { writer.element(literal: reason.name) }
      bit += 1
    }
    writer.endArray()
  }
}

extension Degradations: Decodable {
  public init(from decoder: any Decoder) throws {
    var words = try decoder.unkeyedContainer()
    var reasons: Degradations = []
    while !words.isAtEnd {
      let word = try words.decode(String.self)
      reasons.insert(Degradation.allCases.first { $0.name.description == word } ?? .other)
    }
    self = reasons
  }
}
