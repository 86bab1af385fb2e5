/// What the header says about a confidence map: its mean and lower decile over pixels with a depth, 0...1.
package struct ConfidenceSummary: Equatable {
  package var mean: Double
  package var lowerDecile: Double

  /// Nil when no pixel has any trust at all.
  package init?(_ confidence: UnsafeBufferPointer<UInt8>) {
    var histogram = InlineArray<256, Int>(repeating: 0)
    for value in confidence { histogram[Int(value)] += 1 }
    let counted = confidence.count - histogram[0]
    guard counted > 0 else { return nil }
    var sum = 0
    var seen = 0
    var decile: Int?
    for value in 1..<256 {
      sum += value * histogram[value]
      seen += histogram[value]
      if decile == nil && seen * 10 >= counted { decile = value }
    }
    mean = Double(sum) / Double(counted) / 255
    lowerDecile = Double(decile ?? 255) / 255
  }
}
