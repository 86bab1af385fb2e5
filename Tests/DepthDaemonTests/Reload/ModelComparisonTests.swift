import Configuration
import DepthDaemon
import Foundation
import Preprocessing
import Quantities
import TestSupport
import Testing
import WireFormat

@Suite struct DepthAgreementTests {
  private let size = ImageSize(width: 64, height: 32)

  private func grid(_ size: ImageSize) throws -> PublishedGrid {
    try PublishedGrid(capturedSize: ImageSize(width: 128, height: 64), calibration: nil, size: size)
  }

  private func compare(_ old: [Float], _ new: [Float]) throws -> ModelComparison {
    var agreement = DepthAgreement()
    let overlap = GridOverlap(try grid(size), try grid(size))
    return try old.withUnsafeBufferPointer { old in
      try new.withUnsafeBufferPointer { new in
        for _ in 0..<3 {
          agreement.add(
            old: old, new: new, overlap: overlap, inferOldMilliseconds: 10, inferNewMilliseconds: 20)
        }
        return try #require(agreement.comparison)
      }
    }
  }

  private var scene: [Float] {
    (0..<size.pixelCount).map { 1 + Float($0 % 37) + 0.5 * Float($0 / 64) }
  }

  @Test func `the same depth agrees, twice the depth has the ratio 2`() throws {
    let same = try compare(scene, scene)
    #expect(abs(same.logCorrelation - 1) < 1e-9 && abs(same.depthRatio - 1) < 1e-9 && same.frames == 3)
    let double = try compare(scene, scene.map { 2 * $0 })
    #expect(abs(double.logCorrelation - 1) < 1e-9 && abs(double.depthRatio - 2) < 1e-6)
  }

  @Test func `inverted depth is anticorrelated, constant depth says nothing`() throws {
    #expect(try compare(scene, scene.map { 100 / $0 }).logCorrelation < -0.99)
    #expect(try compare(scene, scene.map { _ in 5 }).logCorrelation == 0)
  }

  @Test func `unknown pixels are counted and left out`() throws {
    var new = scene
    for index in 0..<size.pixelCount where (index / 64) < 16 {
      new[index] = index % 2 == 0 ? .nan : .infinity
    }
    let comparison = try compare(scene, new)
    #expect(comparison.unknownNew == 0.5 && comparison.unknownOld == 0)
    #expect(abs(comparison.logCorrelation - 1) < 1e-9)
  }

  @Test func `before the first frame there is no figure`() {
    #expect(DepthAgreement().comparison == nil)
  }

  @Test func `grids of different sizes meet at the same captured pixels`() throws {
    let small = try grid(size)
    let large = try grid(ImageSize(width: 128, height: 64))
    let overlap = GridOverlap(small, large, step: 1)
    #expect(overlap.pairs.count == size.pixelCount)
    for pair in overlap.pairs {
      let (x, y) = (Int(pair.first) % 64, Int(pair.first) / 64)
      let (column, row) = (Int(pair.second) % 128, Int(pair.second) / 128)
      #expect(abs(column - 2 * x) <= 1 && abs(row - 2 * y) <= 1)
    }
  }
}

@Suite struct ExchangeLimitsTests {
  private let limits = ExchangeLimits(Configuration().exchange)

  private func objections(
    correlation: Double = 0.9, ratio: Double = 1, unknown: Double = 0.1, milliseconds: Double = 20,
    isMetric: Bool = true, period: Double? = 66
  ) -> [String] {
    limits.objections(
      to: ModelComparison(
        frames: 8, logCorrelation: correlation, depthRatio: ratio, unknownOld: 0.1, unknownNew: unknown,
        inferOldMilliseconds: 10, inferNewMilliseconds: milliseconds),
      isMetric: isMetric, periodMilliseconds: period)
  }

  @Test func `a good model raises none`() {
    #expect(objections().isEmpty)
  }

  @Test func `each limit is named when it is missed`() {
    #expect(objections(correlation: 0.5).first?.contains("exchange.min_correlation") == true)
    #expect(objections(ratio: 1.6).first?.contains("exchange.max_ratio") == true)
    #expect(objections(ratio: 0.6).first?.contains("exchange.max_ratio") == true)
    #expect(objections(ratio: .nan).first?.contains("exchange.max_ratio") == true)
    #expect(objections(unknown: 0.4).first?.contains("exchange.max_more_unknown") == true)
    #expect(objections(milliseconds: 80).first?.contains("exchange.max_period_share") == true)
    #expect(objections(correlation: 0, ratio: 9, unknown: 1, milliseconds: 99).count == 4)
  }

  @Test func `the ratio is judged in metres only, the time only with a rate or when it grows`() {
    #expect(objections(ratio: 9, isMetric: false).isEmpty)
    #expect(objections(milliseconds: 80, period: nil).isEmpty)
    #expect(objections(milliseconds: 9, period: 5).isEmpty)
  }
}

@Suite struct ReloadAnswerTests {
  private func answer(_ verdict: ReloadAnswer.Verdict) -> ReloadAnswer {
    var answer = ReloadAnswer(verdict: verdict, trigger: "model_exchange", generation: 3)
    answer.changes = [.init(key: "depth.max_m", old: "80.0", new: nil, reload: "live")]
    return answer
  }

  @Test func `each verdict has its exit code`() {
    let codes = ReloadAnswer.Verdict.allCases.map { answer($0).exitCode }
    #expect(codes == [0, 0, 0, 3, 2])
  }

  @Test func `the sentence names the change, or else the reasons`() {
    #expect(
      answer(.applied).sentence
        == "model exchange: applied, generation 3: depth.max_m: 80.0 -> absent (live)")
    var refused = answer(.refused)
    refused.reasons = ["a", "b", "c", "d", "e"]
    #expect(
      refused.sentence
        == "model exchange: refused, nothing was changed, generation 3: a; b; c; and 2 more")
  }

  @Test func `it survives JSON`() throws {
    let original = answer(.restartNeeded)
    let copy = try JSONDecoder().decode(ReloadAnswer.self, from: try JSONEncoder().encode(original))
    #expect(copy == original)
  }
}
