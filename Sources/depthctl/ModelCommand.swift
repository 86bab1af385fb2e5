// `depthctl model`: exchange the model of the running daemon.
import ArgumentParser
import Foundation
import WireFormat

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Show or exchange the running daemon's model.",
    subcommands: [Exchange.self, Rollback.self, Show.self])

  struct Exchange: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put another model in the place of the running one.",
      discussion: """
        The new model is loaded, checked, warmed and run beside the old one on live frames, then swapped in \
        between two frames; a broken or worse one is refused with the reason. It holds, over restarts too, until the \
        configuration file names another one. Exit codes as for reload.
        """)
    @OptionGroup var options: ClientOptions
    @Argument(help: "Bundle folder or ONNX file, readable for the daemon.") var path: String
    @Flag(help: "Take it even if it compares badly.") var force = false
    @Option(help: "Give up after this many seconds.") var timeout = 240.0
    @Flag(help: "Print the verdict as one JSON object.") var json = false

    func run() throws {
      let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
      try options.ask(ModelExchangeRequest(path: absolute, force: force ? true : nil), seconds: timeout)
        .report(asJSON: json)
    }
  }

  struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Go back to the model that ran before the last exchange.")
    @OptionGroup var options: ClientOptions
    @Option(help: "Give up after this many seconds.") var timeout = 240.0
    @Flag(help: "Print the verdict as one JSON object.") var json = false

    func run() throws {
      try options.ask(ModelRollbackRequest(), seconds: timeout).report(asJSON: json)
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say which model runs and what a rollback would go back to.")
    @OptionGroup var options: ClientOptions
    @Flag(help: "Print the answer as one JSON object.") var json = false

    func run() throws {
      let answer = try options.ask(ModelShowRequest())
      guard !json else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(answer), as: UTF8.self))
        return
      }
      print("runs        \(answer.name), sha256 \(answer.hash.prefix(16)), \(answer.path)")
      print("prior bank  \(answer.bank ?? "none")")
      print("by          \(answer.origin), generation \(answer.generation)")
      print("configured  \(answer.configured)")
      if let previous = answer.previous { print("rollback to \(previous)") }
    }
  }
}
