import ArgumentParser
import Foundation
import ModelBundle
import Platform
import PriorFusion
import Quantities
import TestSupport

/// `framepath fusion`: prior fusion by itself, run without the heap.
struct FusionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fusion", abstract: "Count heap allocations of prior fusion's runs.")

  @Argument(help: "A priors.safetensors.") var file: String
  @Argument(help: "Size of the feature map, WxH.") var size: String
  @Argument(help: "Threads.") var threads: Int
  @Option(help: "exact or two_level.") var search = "exact"

  private static let runs = 5

  func run() throws {
    guard let size = ImageSize(size), let search = PriorSearch(rawValue: search) else {
      throw ValidationError("\"\(size)\" is no size WxH, or \"\(search)\" no search")
    }
    let bank = try PriorBankFile(path: file).load()
    let network = PriorFusionNetwork(
      bank, featureShape: [bank.featureChannels, size.height, size.width],
      executor: WorkerTeam(width: threads), search: search)
    var random = SeededGenerator(seed: 1)
    let count = bank.featureChannels * size.pixelCount
    let features = UnsafeMutablePointer<Float>.allocate(capacity: count)
    defer { features.deallocate() }
    func frame() {
      for index in 0..<count { features[index] = .random(in: 0...1, using: &random) }
      network.run(features)
    }
    frame()
    let origins = AllocationCheck.count(isOnPath: { _ in true }) {
      for _ in 0..<Self.runs { frame() }
    }
    guard AllocationCheck.report(file, frames: Self.runs, origins) else { throw ExitCode.failure }
  }
}
