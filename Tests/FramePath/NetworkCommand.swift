import ArgumentParser
import Foundation
import Inference
import Platform
import Quantities

/// `framepath network`: a network by itself, whatever its architecture, run without the heap.
struct NetworkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network", abstract: "Count heap allocations of an ONNX network's runs.")

  @Argument(help: "ONNX file with one input (1, 3, H, W).") var model: String
  @Argument(help: "Input size, WxH.") var size: String
  @Argument(help: "Threads.") var threads: Int

  @Option(help: "Runs that are looked at, after two others.") var runs = 10

  func run() throws {
    guard let size = ImageSize(size) else { throw ValidationError("\"\(size)\" is no size WxH") }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: model)))
    let model = try Model(onnx: bytes, name: model)
    guard let input = model.inputs.first?.name else { throw ValidationError("the network has no input") }
    let session = try model.session(
      inputSizes: [input: [1, 3, size.height, size.width]], executor: WorkerTeam(width: threads))
    try session.input(input).update(repeating: 0.5)
    session.run()
    session.run()
    let origins = AllocationCheck.count(isOnPath: { _ in true }) {
      for _ in 0..<runs { session.run() }
    }
    guard AllocationCheck.report(self.model, frames: runs, origins) else { throw ExitCode.failure }
  }
}
