import DepthPipeline
import Foundation
import Testing

struct ConfidenceTests {
  private func confidence(_ logSigma: [Float], depth: [Float]? = nil, scale: Double = 0) -> [UInt8] {
    let table = ConfidenceTable(a: 1, b: 0)
    var result = [UInt8](repeating: 7, count: logSigma.count)
    let depth = depth ?? logSigma.map { _ in Float(1) }
    logSigma.withUnsafeBufferPointer { source in
      depth.withUnsafeBufferPointer { depth in
        result.withUnsafeMutableBufferPointer { target in
          if let depth = depth.baseAddress, let target = target.baseAddress {
            table.run(source, depth: depth, adding: Float(scale * scale), into: target)
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
