/// Numbers as the drives' CSV files write them.
enum DecimalText {
  /// Fixed point with `digits` decimals, without the C library's locale.
  static func fixed(_ value: Double, digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let steps = Int64((abs(value) * scale).rounded())
    let whole = steps / Int64(scale)
    let fraction = String(steps % Int64(scale))
    let padding = String(repeating: "0", count: digits - fraction.count)
    let sign = value < 0 && steps != 0 ? "-" : ""
    return digits > 0 ? "\(sign)\(whole).\(padding)\(fraction)" : "\(sign)\(whole)"
  }

  /// A frame's file name without its ending.
  static func frameName(_ index: Int) -> String {
    let digits = String(index)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
