// `depthctl check`: is this configuration fit to run?
import ArgumentParser
import Configuration
import DepthDaemon
import Foundation

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check a configuration, its calibration and its model.",
    discussion: "Lists all problems at once. Exits 0 when the daemon can run with it, else 2.")

  @Option(help: "The configuration file.") var config = "config.toml"
  @Flag(help: "Print the reference of all keys (docs/configuration.md) and do nothing else.")
  var printReference = false

  func run() throws {
    if printReference {
      print(ConfigurationReference.markdown, terminator: "")
      return
    }
    let check = ConfigurationCheck.run(path: config, environment: ProcessInfo.processInfo.environment)
    print(check.text)
    guard check.isPassed else { throw ExitCode(2) }
  }
}
