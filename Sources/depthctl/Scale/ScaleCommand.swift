// `depthctl scale`: what the daemon knows about metres, and how it came to know it.
import ArgumentParser
import Foundation
import WireFormat

struct ScaleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale", abstract: "Show, set or forget the scale the daemon learns.",
    subcommands: [Show.self, Set.self, Reset.self, History.self, Replay.self], defaultSubcommand: Show.self)

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the scale, its sources and what it still needs; live on a terminal.")
    @OptionGroup var options: ClientOptions
    @Flag(help: "Print one answer as one JSON object.") var json = false
    @Flag(help: "Print one answer and end.") var once = false

    func run() throws {
      guard !json else { return try ScaleText.printJSON(try options.ask(ScaleRequest())) }
      let isLive = !once && isatty(STDOUT_FILENO) == 1
      repeat {
        let lines = ScaleText.lines(try options.ask(ScaleRequest()))
        if isLive { print("\u{1B}[H\u{1B}[2J", terminator: "") }
        print(lines.joined(separator: "\n"))
        if isLive { Interrupt.pause(milliseconds: 500) }
      } while isLive && !Interrupt.isRequested
    }
  }

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell the daemon a scale that was measured; depth is metres from then on.",
      discussion: "It is stored, and improved by what the daemon observes.")
    @OptionGroup var options: ClientOptions
    @Argument(help: "Metres per unit of network depth: true distance by published unscaled depth.")
    var value: Double
    @Option(help: "Relative standard deviation of the value.") var sigma: Double?
    @Flag(help: "Print the answer as one JSON object.") var json = false

    func run() throws {
      try ScaleText.report(try options.ask(ScaleSetRequest(value: value, sigma: sigma)), asJSON: json)
    }
  }

  struct Reset: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget the learned scale, on disk too.")
    @OptionGroup var options: ClientOptions
    @Flag(help: "Print the answer as one JSON object.") var json = false

    func run() throws {
      try ScaleText.report(try options.ask(ScaleResetRequest()), asJSON: json)
    }
  }

  struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show how the scale came to be what it is, oldest first.")
    @OptionGroup var options: ClientOptions
    @Option(help: "How many entries.") var count = 30
    @Flag(help: "Print the answer as one JSON object.") var json = false

    func run() throws {
      let answer = try options.ask(ScaleHistoryRequest(count: max(0, count)))
      guard !json else { return try ScaleText.printJSON(answer) }
      for entry in answer.entries { print(ScaleText.line(entry)) }
      if answer.entries.isEmpty { print("nothing has been learned yet") }
    }
  }
}
