// `depthctl onnx run`: any supported ONNX graph on NPY files.
import ArgumentParser
import Foundation
import Inference
import Platform

struct OnnxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx", abstract: "Work with ONNX files directly.", subcommands: [OnnxRunCommand.self])
}

struct OnnxRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a graph on NPY inputs and write one NPY file per output.")

  @Argument(help: "The .onnx file.")
  var file: String

  @Option(help: "NPY files in the order of the graph's inputs, separated by commas.")
  var inputs = ""

  @Option(help: "Folder for the outputs, created if missing. Each is named after its output, '/' replaced.")
  var outputs: String

  @Option(help: "Threads to use.")
  var threads = ProcessInfo.processInfo.activeProcessorCount

  func run() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    let model = try Model(onnx: bytes, name: URL(fileURLWithPath: file).lastPathComponent)
    let paths = inputs.split(separator: ",").map(String.init)
    guard paths.count == model.inputs.count else {
      let names = model.inputs.map(\.name).joined(separator: ", ")
      throw ValidationError(
        "\(file) has \(model.inputs.count) input(s) (\(names)); --inputs names \(paths.count) file(s).")
    }
    var feeding: [String: Tensor] = [:]
    for (declaration, path) in zip(model.inputs, paths) { feeding[declaration.name] = try NPYFile.read(path) }
    let session = try model.session(feeding: feeding, executor: WorkerTeam(width: max(1, threads)))
    session.run()
    try FileManager.default.createDirectory(atPath: outputs, withIntermediateDirectories: true)
    for name in session.outputs {
      let target = "\(outputs)/\(name.replacingOccurrences(of: "/", with: "_")).npy"
      try NPYFile.write(try session.copy(of: name), to: target)
      print(target)
    }
  }
}
