// A whole network with a bank between encoder and decoder: the shipped model, and banks of noise.
import Foundation
import ModelBundle
import Platform
import PriorFusion
import Quantities
import Testing

@Suite struct FusedNetworkTests {
  private static let bundle = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("models/lite").path
  private static let size = ImageSize(width: 160, height: 96)

  private func output(_ network: DepthNetwork) -> [Float] {
    for index in network.input.indices { network.input[index] = Float(index * 7919 % 1009) / 500 - 1 }
    network.run()
    return Array(network.output)
  }

  @Test(arguments: [1, 2])
  func `with the compression zeroed the network is the plain one to the bit`(threads: Int) throws {
    let model = try DepthModel.load(path: Self.bundle)
    let plain = output(try model.network(for: Self.size, executor: WorkerTeam(width: threads)))
    for count in [1, 300] {
      let bank = RandomBank.make(count: count, channels: 64, compress: 0)
      let fused = try model.network(for: Self.size, executor: WorkerTeam(width: threads), priors: bank)
      let isEqual = output(fused) == plain
      #expect(isEqual, "\(count) references")
    }
  }

  @Test func `a bank changes the depth, the same way on every run`() throws {
    let model = try DepthModel.load(path: Self.bundle)
    let plain = output(try model.network(for: Self.size, executor: SerialExecutor()))
    let bank = RandomBank.make(count: 300, channels: 64)
    let network = try model.network(for: Self.size, executor: WorkerTeam(width: 2), priors: bank)
    let fused = output(network)
    let (isOther, isFinite, isRepeated) = (
      fused != plain, fused.allSatisfy { $0.isFinite }, output(network) == fused
    )
    #expect(isOther && isFinite && isRepeated)
    #expect(network.priorFusion?.bank.id == bank.id)
    #expect(network.priorFusion?.statistics.entropy.count == Self.size.pixelCount / 256)
  }

  @Test func `a bank of other features is refused by both numbers`() throws {
    let model = try DepthModel.load(path: Self.bundle)
    let bank = RandomBank.make(count: 3, channels: 256)
    do {
      _ = try model.network(for: Self.size, executor: SerialExecutor(), priors: bank)
      Issue.record("the bank was taken")
    } catch {
      #expect("\(error)".contains("64") && "\(error)".contains("256"))
    }
  }
}
