// `depthctl onnx run`: any supported ONNX graph on NPY files.
import ArgumentParser

struct OnnxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx", abstract: "Work with ONNX files directly.", subcommands: [])
}
