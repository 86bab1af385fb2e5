import DepthPipeline
import Foundation
import Testing

struct ConfidenceTests {
  private func confidence(
    _ logSigma: [Float], depth: [Float]? = nil, scale: Double = 0, share: Float = 1
  ) -> [UInt8] {
    let terms = [ConfidenceTable.Term](
      repeating: .init(added: Float(scale * scale), share: share), count: (logSigma.count + 3) / 4)
    let table = ConfidenceTable(a: 1, b: 0)
    var result = [UInt8](repeating: 7, count: logSigma.count)
    let depth = depth ?? logSigma.map { _ in Float(1) }
    logSigma.withUnsafeBufferPointer { source in
      depth.withUnsafeBufferPointer { depth in
        result.withUnsafeMutableBufferPointer { target in
          if let depth = depth.baseAddress, let target = target.baseAddress {
            table.run(source, depth: depth, terms: terms, into: target)
          }
        }
      }
    }
    return result
  }

  @Test func `confidence is the Laplace probability of an error below a tenth`() {
    for logSigma in stride(from: Float(-5), through: 1, by: 0.37) {
      let expected = 255 * (1 - exp(-0.1 * 2.0.squareRoot() / exp(Double(logSigma))))
      let found = Double(confidence([logSigma])[0])
      // The table's step of 1/64 in log sigma moves the byte by at most two.
      #expect(abs(found - expected) <= 2, "log sigma \(logSigma)")
    }
  }

  @Test func `an uncertain scale lowers every pixel's confidence`() {
    let certain = confidence([-3], scale: 0)[0]
    let uncertain = confidence([-3], scale: 0.2)[0]
    #expect(uncertain < certain)
  }

  @Test func `where points leave a share of the variance, that of the scale shrinks with the network's own`()
  {
    for share in [Float(0.25), 0.04] {
      let sigma = (exp(-4) + 0.2 * 0.2).squareRoot() * Double(share).squareRoot()
      let expected = 255 * (1 - exp(-0.1 * 2.0.squareRoot() / sigma))
      #expect(abs(Double(confidence([-2], scale: 0.2, share: share)[0]) - expected) <= 2)
    }
    #expect(confidence([-2], scale: 0.2, share: 1) == confidence([-2], scale: 0.2))
  }

  @Test func `each four pixels of a row have a term of their own`() {
    let table = ConfidenceTable(a: 1, b: 0)
    var found = [UInt8](repeating: 0, count: 8)
    let logSigma = [Float](repeating: -2, count: 8)
    let terms = [ConfidenceTable.Term(added: 0), .init(added: 0, share: 0.01)]
    logSigma.withUnsafeBufferPointer { source in
      [Float](repeating: 1, count: 8).withUnsafeBufferPointer { depth in
        found.withUnsafeMutableBufferPointer { target in
          if let depth = depth.baseAddress, let target = target.baseAddress {
            table.run(source, depth: depth, terms: terms, into: target)
          }
        }
      }
    }
    #expect(Set(found[..<4]).count == 1 && Set(found[4...]).count == 1 && found[0] < found[4])
  }

  @Test func `a pixel without depth has no confidence`() {
    #expect(confidence([-3, -3], depth: [.nan, 2]) == [0, confidence([-3])[0]])
  }

  @Test func `a network that says nonsense is trusted least`() {
    #expect(confidence([.nan])[0] == confidence([20])[0])
    #expect(confidence([-100])[0] == 255)
  }

  @Test func `the summary leaves pixels without confidence out`() throws {
    let values: [UInt8] = [0, 0, 0] + [UInt8](repeating: 51, count: 2) + [UInt8](repeating: 204, count: 18)
    let summary = try #require(values.withUnsafeBufferPointer { ConfidenceSummary($0) })
    #expect(abs(summary.mean - (2 * 0.2 + 18 * 0.8) / 20) < 1e-9)
    #expect(abs(summary.lowerDecile - 0.2) < 1e-9)
    #expect([UInt8](repeating: 0, count: 9).withUnsafeBufferPointer { ConfidenceSummary($0) } == nil)
  }
}
