// `depthctl reload`: let the daemon read its configuration again.
import ArgumentParser
import Foundation
import WireFormat

struct ReloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload", abstract: "Let the running daemon read its configuration again.",
    discussion: """
      Checks the file and everything it names, prints what differs, and applies it between two frames or not at all.
      Exits 0 when the new configuration runs (or nothing has changed), 2 when it is refused, 3 when a restart is
      needed, 1 when no daemon answers.
      """)

  @OptionGroup var options: ClientOptions
  @Flag(help: "Do everything but apply it.") var dryRun = false
  @Flag(help: "Take a new model even if it compares badly with the running one.") var force = false
  @Option(help: "Give up after this many seconds.") var timeout = 240.0
  @Flag(help: "Print the verdict as one JSON object.") var json = false

  func run() throws {
    let answer = try options.ask(
      ReloadRequest(dryRun: dryRun ? true : nil, force: force ? true : nil), seconds: timeout)
    try answer.report(asJSON: json)
  }
}

extension ReloadAnswer {
  /// Prints the verdict and ends the program with its exit code.
  func report(asJSON: Bool) throws {
    if asJSON {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(self), as: UTF8.self))
    } else {
      print(text)
    }
    if exitCode != 0 { throw ExitCode(exitCode) }
  }
}
