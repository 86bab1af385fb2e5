/// One number in the frames of one identifier, and what guards it.
public struct CANSignal: Hashable, Sendable {
  public var identifier: CANIdentifier
  public var field: CANBitField
  public var isSigned: Bool
  /// Value = raw * scale + offset, in `unit`.
  public var scale: Double
  public var offset: Double
  /// Values outside mean that there is none; nil = every value is one.
  public var range: ClosedRange<Double>?
  public var unit: CANUnit
  /// A bit that says whether the value is good, and which of its states does.
  public var validity: Validity?
  /// A number that each frame increases by one.
  public var counter: CANBitField?

  public struct Validity: Hashable, Sendable {
    public var bit: CANBitField
    public var whenValid: UInt64
  }

  public init(
    identifier: CANIdentifier, field: CANBitField, isSigned: Bool = false, scale: Double = 1,
    offset: Double = 0,
    range: ClosedRange<Double>? = nil, unit: CANUnit, validity: Validity? = nil, counter: CANBitField? = nil
  ) {
    self.identifier = identifier
    self.field = field
    self.isSigned = isSigned
    self.scale = scale
    self.offset = offset
    self.range = range
    self.unit = unit
    self.validity = validity
    self.counter = counter
  }

  /// What a frame of the signal's identifier says.
  public enum Reading: Equatable, Sendable {
    /// In m/s or rad/s; for a counter of ticks, the raw number, in `raw` alone.
    case value(Double, raw: UInt64)
    /// The frame has fewer bytes than the signal, its validity bit or its counter needs.
    case tooShort
    /// The sender says that the value is not good.
    case flaggedInvalid
    /// Outside the signal's range, in its own unit.
    case outOfRange(Double)
  }

  /// Reads the value; the counter is judged by `CANCounterWatch`.
  public func read(_ frame: CANFrame) -> Reading {
    guard let raw = field.raw(in: frame), counter?.raw(in: frame) != nil || counter == nil else {
      return .tooShort
    }
    if let validity {
      guard let state = validity.bit.raw(in: frame) else { return .tooShort }
      guard state == validity.whenValid else { return .flaggedInvalid }
    }
    let number = isSigned ? Double(field.signed(raw)) : Double(raw)
    let value = number * scale + offset
    if let range, !range.contains(value) { return .outOfRange(value) }
    return .value(value * unit.factor, raw: raw)
  }
}
