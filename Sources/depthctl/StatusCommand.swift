// `depthctl status`: what the daemon says about itself.
import ArgumentParser
import Configuration
import DepthClient
import Foundation
import Messaging
import Platform
import Quantities
import WireFormat

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Ask the running daemon how it is.")

  @OptionGroup var options: ClientOptions
  @Option(help: "Find the daemon by the configuration file it was started with.") var config: String?
  @Option(help: "Wait up to this many seconds for the daemon to come up.") var wait = 0.0
  @Option(help: "Print only this field of the answer; \"directory\" is where the daemon was found.")
  var field: String?
  @Flag(help: "Print the answer as one JSON object.") var json = false

  func run() throws {
    let directory = try findDirectory()
    let answer = try ask(directory)
    if let field {
      print(try value(of: field, in: answer, directory))
    } else if json {
      print(try text(of: answer))
    } else {
      for line in StatusText.lines(answer) { print(line) }
    }
  }

  private func findDirectory() throws -> EndpointDirectory {
    guard options.endpoint == nil, let config else { return options.directory }
    let text = try String(contentsOfFile: config, encoding: .utf8)
    guard case .path(let path) = try Configuration(toml: text, file: config).publish.directory else {
      return options.directory
    }
    return .standard(option: Configuration.resolve(path, besides: config))
  }

  private func ask(_ directory: EndpointDirectory) throws -> [String: Any] {
    let deadline = MonotonicTime.now() + Int64(wait * 1e9)
    while true {
      do {
        let answer = try DaemonControl(directory).askJSON(StatusRequest(), milliseconds: 1000)
        return try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any] ?? [:]
      } catch DepthClientError.messaging(.noReply) {
        guard MonotonicTime.now() < deadline else {
          throw ClientCommandError.noDaemon(directory: directory.path)
        }
      }
    }
  }

  private func value(
    of field: String, in answer: [String: Any], _ directory: EndpointDirectory
  ) throws -> String {
    if field == "directory" { return directory.path }
    var value: Any = answer
    for part in field.split(separator: ".") {
      guard let next = (value as? [String: Any])?[String(part)] else {
        throw ValidationError(
          "the answer has no \"\(field)\"; it has \(answer.keys.sorted().joined(separator: ", ")).")
      }
      value = next
    }
    return try text(of: value)
  }

  private func text(of value: Any) throws -> String {
    if let text = value as? String { return text }
    let data = try JSONSerialization.data(
      withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
    return String(decoding: data, as: UTF8.self)
  }
}
