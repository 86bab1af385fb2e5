import Foundation
import PriorFusion
import TestSupport

/// Banks of seeded noise, and features whose queries lie near some of their references.
enum RandomBank {
  /// - Parameter spread: scale of the keys: about 1 gives softmaxes that are neither flat nor one-hot.
  static func make(
    count: Int, channels: Int = 8, storage: PriorBank.Storage = .float16, spread: Float = 1,
    compress: Float = 0.1, seed: UInt64 = 1
  ) -> PriorBank {
    var random = SeededGenerator(seed: seed)
    func noise(_ count: Int, _ scale: Float) -> [Float] {
      (0..<count).map { _ in
        (Float.random(in: -1...1, using: &random) + .random(in: -1...1, using: &random)) * scale
      }
    }
    func rows(_ scale: Float) -> BankMemory {
      let values = noise(count * PriorBank.width, scale)
      return storage == .float32 ? BankMemory(values) : BankMemory(values.map { Float16($0).bitPattern })
    }
    let references = PriorBank.References(
      keyPixel: rows(spread), valuePixel: rows(1), keyHeads: rows(2 * spread), valueHeads: rows(1),
      disparity: BankMemory((0..<count).map { _ in Float.random(in: 0.002...0.9, using: &random) }))
    let width = PriorBank.width
    let side = PriorBank.QuerySide(
      pixelWeight: noise(width * channels, 0.3), pixelBias: noise(width, 0.3),
      headsWeight: noise(width * channels, 0.3), headsBias: noise(width, 0.3),
      outputWeight: noise(width * width, 0.2), outputBias: noise(width, 0.2),
      compress: noise(channels * PriorBank.compressColumns, compress))
    return PriorBank(
      id: "0123456789abcdef", featureChannels: channels, storage: storage,
      references: references, querySide: side)
  }

  /// (C, h, w), never negative, as after a ReLU.
  static func features(_ shape: [Int], seed: UInt64 = 2) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<shape.reduce(1, *)).map { _ in max(0, Float.random(in: -1...2, using: &random)) }
  }

  /// (C, h, w), alike in neighbouring pixels, as features of images are.
  static func smoothFeatures(_ shape: [Int], seed: UInt64 = 3) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<shape[0]).flatMap { _ in
      let (across, down) = (
        Float.random(in: -0.3...0.3, using: &random), Float.random(in: -0.5...0.5, using: &random)
      )
      let phase = Float.random(in: 0...6, using: &random)
      return (0..<shape[1] * shape[2]).map { pixel in
        let angle = across * Float(pixel % shape[2]) + down * Float(pixel / shape[2]) + phase
        return max(0, 0.5 + sinf(angle) + Float.random(in: -0.1...0.1, using: &random))
      }
    }
  }

  /// A bank whose keys and values lie near a curved sheet of few dimensions, as features of images do.
  static func structured(count: Int, channels: Int = 16, latent: Int = 5, sharpness: Float = 1) -> PriorBank {
    var random = SeededGenerator(seed: 7)
    let width = PriorBank.width
    func normal() -> Float {
      (0..<6).reduce(Float(0)) { sum, _ in sum + .random(in: -0.7...0.7, using: &random) }
    }
    func matrix(_ rows: Int, _ columns: Int, _ scale: Float) -> [Float] {
      (0..<rows * columns).map { _ in normal() * scale }
    }
    let maps = (0..<4).map { _ in matrix(width, latent, 0.5) }
    var rows = [[Float]](repeating: [], count: 4)
    var disparity: [Float] = []
    for _ in 0..<count {
      let z = (0..<latent).map { _ in normal() }
      for (index, map) in maps.enumerated() {
        rows[index] += (0..<width).map { output in
          let sum = (0..<latent).reduce(Float(0)) { $0 + map[output * latent + $1] * z[$1] }
          return sum + 0.1 * normal() + (index % 2 == 1 ? 0.3 * sum * z[output % latent] : 0)
        }
      }
      disparity.append(min(0.9, max(0.002, 0.1 + 0.05 * z[0] + 0.03 * z[1] * z[2])))
    }
    let memory = rows.map { BankMemory($0.map { Float16($0).bitPattern }) }
    let references = PriorBank.References(
      keyPixel: memory[0], valuePixel: memory[1], keyHeads: memory[2], valueHeads: memory[3],
      disparity: BankMemory(disparity))
    func noise(_ count: Int, _ scale: Float) -> [Float] { (0..<count).map { _ in normal() * scale } }
    return PriorBank(
      id: "fedcba9876543210", featureChannels: channels, storage: .float16,
      references: references,
      querySide: .init(
        pixelWeight: noise(width * channels, 0.03 * sharpness), pixelBias: noise(width, 0.05 * sharpness),
        headsWeight: noise(width * channels, 0.06 * sharpness), headsBias: noise(width, 0.1 * sharpness),
        outputWeight: noise(width * width, 0.1), outputBias: noise(width, 0.1),
        compress: noise(channels * PriorBank.compressColumns, 0.1)))
  }
}
