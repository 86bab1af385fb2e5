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
      id: "0123456789abcdef", encoderHash: "", featureChannels: channels, storage: storage,
      references: references, querySide: side)
  }

  /// (C, h, w), never negative, as after a ReLU.
  static func features(_ shape: [Int], seed: UInt64 = 2) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return (0..<shape.reduce(1, *)).map { _ in max(0, Float.random(in: -1...2, using: &random)) }
  }
}
