/// Medians and other quantiles in memory that is already there: found by bisection, since sorting would need some.
enum RobustMedian {
  private static let steps = 26
  private static let reach: Float = 16

  /// The median of `value` over the elements, to about 1e-6; elements are taken to lie within -16 ... 16.
  /// - Parameters:
  ///   - share: of the weight that shall lie below; one half is the median.
  ///   - weight: of an element; 0 leaves it out.
  @inline(__always)
  static func of<Element>(
    _ elements: UnsafeBufferPointer<Element>, below share: Float = 0.5,
    weight: (Element) -> Float = { _ in 1 },
    _ value: (Element) -> Float
  ) -> Float {
    var total: Float = 0
    for element in elements { total += weight(element) }
    var low = -reach
    var high = reach
    for _ in 0..<steps {
      let middle = 0.5 * (low + high)
      var below: Float = 0
      for element in elements where value(element) < middle { below += weight(element) }
      if below < share * total { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}
