import ArgumentParser
import Completion
import Foundation
import Platform
import Quantities
import TensorFiles
import TestSupport

/// `framepath completion`: the completion network by itself, with changing numbers of points, without the heap.
struct CompletionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion", abstract: "Count heap allocations of a completion network's runs.")

  @Argument(help: "A san.safetensors.") var file: String
  @Argument(help: "Its architecture.") var architecture: String
  @Argument(help: "Input size, WxH.") var size: String
  @Argument(help: "Threads.") var threads: Int

  private static let densities = [50, 300, 2000, 20_000, 1, 0, 700]

  func run() throws {
    guard let size = ImageSize(size) else { throw ValidationError("\"\(size)\" is no size WxH") }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    let weights = try CompletionWeights(TensorFile(bytes, name: file), architecture: architecture)
    let network = CompletionNetwork(
      weights, size: size, pointCap: 3000, executor: WorkerTeam(width: threads))
    let maps = weights.levels.map { level in
      let (height, width) = (size.height / level.targetStride, size.width / level.targetStride)
      let count = level.targetChannels * height * width
      let base = UnsafeMutablePointer<Float>.allocate(capacity: count)
      base.initialize(repeating: 0.5, count: count)
      return DecoderMap(base: base, channels: level.targetChannels, height: height, width: width)
    }
    defer { for map in maps { map.base.deallocate() } }
    let disparity = UnsafeMutableBufferPointer<Float>.allocate(capacity: size.pixelCount)
    disparity.initialize(repeating: 0.05)
    defer { disparity.deallocate() }
    var points = SparseDepth(size: size)
    var random = SeededGenerator(seed: 1)
    func frame(_ count: Int) {
      points.clear()
      for _ in 0..<count {
        points.insert(
          row: Int.random(in: 0..<size.height, using: &random),
          column: Int.random(in: 0..<size.width, using: &random), depth: .random(in: 1...60, using: &random))
      }
      network.run(points, unitsPerMeter: 1)
      network.add(to: maps)
      network.anchor(disparity)
    }
    for count in Self.densities { frame(count) }
    let origins = AllocationCheck.count(isOnPath: { _ in true }) {
      for count in Self.densities { frame(count) }
    }
    guard AllocationCheck.report(file, frames: Self.densities.count, origins) else { throw ExitCode.failure }
  }
}
