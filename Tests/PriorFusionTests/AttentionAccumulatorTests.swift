// Attention summed over frames, against the sums written out.
import Foundation
import Platform
import PriorFusion
import Quantities
import TestSupport
import Testing

@Suite struct AttentionAccumulatorTests {
  private static let channels = 8
  private let side: PriorBank.QuerySide
  private let keyPixel: [Float]
  private let keyHeads: [Float]
  private let frames: [[Float]]
  private static let count = 300

  init() {
    var random = SeededGenerator(seed: 11)
    func values(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
      (0..<count).map { _ in Float.random(in: range, using: &random) }
    }
    let weights = 64 * Self.channels
    side = .init(
      pixelWeight: values(weights, -1...1), pixelBias: values(64, -1...1),
      headsWeight: values(weights, -1...1),
      headsBias: values(64, -1...1), outputWeight: values(64 * 64, -1...1), outputBias: values(64, -1...1),
      compress: values(Self.channels * 129, -1...1))
    keyPixel = values(Self.count * 64, -0.5...0.5)
    keyHeads = values(Self.count * 64, -0.5...0.5)
    // Frames of different sizes.
    frames = [70, 130].map { values($0 * Self.channels, 0...1) }
  }

  /// In chunks of so many references.
  private func weights(chunk: Int, threads: Int) -> [Double] {
    let accumulator = AttentionAccumulator(
      side, channels: Self.channels, executor: WorkerTeam(width: threads))
    for frame in frames { accumulator.add(frame) }
    accumulator.beginPass()
    let parts = stride(from: 0, to: Self.count, by: chunk).map { $0 * 64..<min($0 + chunk, Self.count) * 64 }
    for part in parts {
      accumulator.normalise(keyPixel: Array(keyPixel[part]), keyHeads: Array(keyHeads[part]))
    }
    var weights: [Double] = []
    for part in parts {
      weights += accumulator.weigh(keyPixel: Array(keyPixel[part]), keyHeads: Array(keyHeads[part]))
    }
    accumulator.endPass()
    #expect(accumulator.waitingQueries == 0)
    return weights
  }

  /// As selection.py has it, in float64.
  private var expected: [Double] {
    var weights = [Double](repeating: 0, count: Self.count)
    for frame in frames {
      let pixels = frame.count / Self.channels
      for pixel in 0..<pixels {
        func query(_ weight: [Float], _ bias: [Float]) -> [Double] {
          (0..<64).map { row in
            (0..<Self.channels).reduce(Double(bias[row])) {
              $0 + Double(weight[row * Self.channels + $1]) * Double(frame[pixel * Self.channels + $1])
            }
          }
        }
        func add(_ query: ArraySlice<Double>, _ keys: [Float], _ share: Double) {
          let logits = (0..<Self.count).map { key in
            query.indices.reduce(0.0) { $0 + query[$1] * Double(keys[key * 64 + $1]) }
          }
          let sum = logits.reduce(0) { $0 + exp($1) }
          for key in 0..<Self.count { weights[key] += share * exp(logits[key]) / sum / Double(pixels) }
        }
        add(query(side.pixelWeight, side.pixelBias)[...], keyPixel, 1)
        let heads = query(side.headsWeight, side.headsBias)
        for head in 0..<4 { add(heads[head * 16..<(head + 1) * 16], keyHeads, 0.25) }
      }
    }
    return weights
  }

  @Test func `weights are the sums of the attention, however the bank is cut`() {
    let expected = expected
    let found = weights(chunk: Self.count, threads: 1)
    for (here, there) in zip(found, expected) { #expect(abs(here - there) <= 1e-5 * there) }
    for (here, there) in zip(weights(chunk: 77, threads: 1), expected) {
      #expect(abs(here - there) <= 1e-5 * there)
    }
    // Two frames, each of which shares out 2.
    #expect(abs(found.reduce(0, +) - 4) < 1e-6)
  }

  @Test func `weights are the same to the bit on any number of threads`() {
    #expect(weights(chunk: 100, threads: 1) == weights(chunk: 100, threads: 3))
  }

  @Test func `a meter's quantiles are those of its frames`() throws {
    var meter = DomainMeter()
    #expect(meter.domain == nil)
    for frame in 0...100 {
      let value = Double(frame)
      meter.add(
        RetrievalMeans(entropy: value, priorSpread: 2 * value, bestLogit: -value),
        variances: [Float(frame * frame)])
    }
    let domain = try #require(meter.domain)
    #expect(domain.frames == 101 && domain.entropy == .init(low: 1, median: 50, high: 99))
    #expect(domain.bestLogit == .init(low: -99, median: -50, high: -1) && domain.deviation == 95)
  }
}
