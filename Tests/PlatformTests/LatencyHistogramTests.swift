import Platform
import TestSupport
import Testing

struct LatencyHistogramTests {
  @Test func `before the first record there is no quantile`() {
    let histogram = LatencyHistogram()
    #expect(histogram.quantileNanoseconds(0.5) == nil)
    #expect(histogram.count == 0)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `quantiles lie within a sixteenth above those of the sorted data`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let histogram = LatencyHistogram()
    // Even in the logarithm, as latencies are: from 1 ns to about 17 minutes.
    let durations = (0..<500).map { _ in
      Int64.random(in: 1...(1 << Int64.random(in: 1...40, using: &generator)), using: &generator)
    }
    for duration in durations { histogram.record(nanoseconds: duration) }
    let sorted = durations.sorted()
    for fraction in [0.0, 0.01, 0.5, 0.9, 0.99, 1.0] {
      let exact = sorted[max(1, Int((500 * fraction).rounded(.up))) - 1]
      let quantile = try #require(histogram.quantileNanoseconds(fraction))
      #expect(quantile >= exact)
      #expect(Double(quantile) <= Double(exact) * (1 + 1 / 16) + 1)
    }
    #expect(histogram.count == 500)
    #expect(histogram.maximumNanoseconds == sorted[499])
  }

  @Test func `a negative duration counts as zero`() {
    let histogram = LatencyHistogram()
    histogram.record(nanoseconds: -5)
    #expect(histogram.quantileNanoseconds(1) == 0)
  }

  @Test func `the largest duration there is has a place`() {
    let histogram = LatencyHistogram()
    histogram.record(nanoseconds: .max)
    #expect(histogram.count == 1)
    #expect(histogram.maximumNanoseconds == .max)
  }
}
