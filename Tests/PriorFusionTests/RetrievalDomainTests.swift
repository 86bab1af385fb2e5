// What a bank knows of its domain, and when frames are no longer of it.
import PriorFusion
import Testing

@Suite struct RetrievalDomainTests {
  private let domain = RetrievalDomain(
    frames: 100, entropy: .init(low: 0.3, median: 0.4, high: 0.5),
    priorSpread: .init(low: 0.1, median: 0.2, high: 0.4), bestLogit: .init(low: 4, median: 6, high: 7),
    deviation: 0.3)
  private let usual = RetrievalMeans(entropy: 0.4, priorSpread: 0.2, bestLogit: 6)

  @Test func `distance is 0 at the median and 1 at the outermost of a hundred, on either side`() {
    #expect(domain.distance(of: usual) == 0)
    for (change, expected): ((inout RetrievalMeans) -> Void, Double) in [
      ({ $0.entropy = 0.5 }, 1), ({ $0.entropy = 0.3 }, 1), ({ $0.bestLogit = 4 }, 1),
      ({ $0.bestLogit = 0 }, 3),
      ({ $0.priorSpread = 0.6 }, 2), ({ $0.priorSpread = 0 }, 2),
    ] {
      var frame = usual
      change(&frame)
      #expect(abs(domain.distance(of: frame) - expected) < 1e-9)
    }
  }

  @Test func `few frames do not make a domain narrower than a twentieth`() {
    let point = RetrievalDomain.Quantiles(low: 2, median: 2, high: 2)
    let narrow = RetrievalDomain(
      frames: 1, entropy: point, priorSpread: point, bestLogit: point, deviation: 1)
    let frame = RetrievalMeans(entropy: 2.05, priorSpread: 2, bestLogit: 2)
    #expect(abs(narrow.distance(of: frame) - 0.5) < 1e-9)
  }

  @Test func `one odd frame is no other domain, lasting ones are, and the flag does not flap`() {
    var watch = DomainWatch(domain)
    let odd = RetrievalMeans(entropy: 0.4, priorSpread: 0.2, bestLogit: 0)
    func show(_ frame: RetrievalMeans, frames: Int) {
      for _ in 0..<frames { watch.update(frame, secondsSinceLast: watch.distance == nil ? nil : 0.1) }
    }
    show(usual, frames: 20)
    show(odd, frames: 1)
    #expect(!watch.isOutside)
    show(usual, frames: 10)
    show(odd, frames: 6)
    #expect(!watch.isOutside)
    show(odd, frames: 4)
    #expect(watch.isOutside)
    // A distance between the two edges changes nothing, whichever side it came from.
    let between = RetrievalMeans(entropy: 0.4, priorSpread: 0.2, bestLogit: 3.5)
    show(between, frames: 100)
    #expect(watch.isOutside)
    show(usual, frames: 30)
    #expect(!watch.isOutside)
    show(between, frames: 100)
    #expect(!watch.isOutside)
    #expect((watch.distance ?? 0) > DomainWatch.leave && (watch.distance ?? 0) < DomainWatch.enter)
  }

  @Test func `a frame without numbers says nothing`() {
    var watch = DomainWatch(domain)
    watch.update(usual, secondsSinceLast: nil)
    watch.update(RetrievalMeans(entropy: .nan, priorSpread: .nan, bestLogit: .nan), secondsSinceLast: 1)
    #expect(watch.distance == 0 && !watch.isOutside)
  }

  @Test func `deviation grows with every contradiction`() {
    let rule = PriorDeviation(minimumDepth: 0.1, maximumDepth: 100)
    #expect(rule.variance(disparity: 0.01, prior: 0.01, spread: 0) == 0)
    var last: Float = -1
    for spread in stride(from: Float(0), to: 2, by: 0.1) {
      let variance = rule.variance(disparity: 0.01, prior: 0.01, spread: spread)
      #expect(variance > last)
      last = variance
    }
    last = -1
    for disparity in stride(from: Float(0.01), to: 0.5, by: 0.02) {
      let variance = rule.variance(disparity: disparity, prior: 0.01, spread: 0.1)
      #expect(variance > last)
      last = variance
    }
    // Far away many disparities are one depth: 1 / (0.01 + 9.99 d).
    let near = rule.variance(disparity: 0.1, prior: 0.1, spread: 0.5)
    #expect(rule.variance(disparity: 0.0001, prior: 0.0001, spread: 0.5) < near)
    #expect(abs(near - 0.25) < 0.01)
  }
}
