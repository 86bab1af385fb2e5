// `depthctl tail`: messages as they arrive.
import ArgumentParser
import DepthClient
import Foundation
import Messaging
import Platform
import Quantities
import WireFormat

struct TailCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail", abstract: "Print messages as they arrive.",
    discussion: """
      TOPIC is a camera's topic (front/depth/) or its last part (depth); without it, everything on the status \
      endpoint is printed. Frame topics show rate, age and lost frames.
      """)

  @OptionGroup var options: ClientOptions
  @Argument(help: "Topic to follow.") var topic: String?
  @Flag(help: "Print each message's JSON, one per line.") var json = false
  @Option(help: "End after this many messages.") var count: Int?
  @Option(help: "Give up when nothing arrives for this many seconds [default: wait for ever].")
  var timeout: Double?

  func run() throws {
    Interrupt.watch()
    let kind = topic.flatMap { TopicKind(rawValue: $0.replacingOccurrences(of: "/", with: "")) }
    if let topic, kind?.channel != .status {
      try tailFrames(topic)
    } else {
      try tailStatus(kind.map { $0.rawValue + "/" } ?? "")
    }
  }

  private func tailFrames(_ text: String) throws {
    let client = try DepthClient(options.directory)
    let subscription = try client.subscribe(
      to: try resolve(text, client), delivery: .everything(queue: 1000))
    var printed = 0
    var silentSince = MonotonicTime.now()
    while !Interrupt.isRequested, count.map({ printed < $0 }) ?? true {
      guard let frame = subscription.next(milliseconds: 100) else {
        try checkSilence(since: silentSince, subscription.topic.name)
        continue
      }
      silentSince = .now()
      print(json ? frame.headerJSON : describe(frame, subscription))
      fflush(nil)
      printed += 1
    }
  }

  private func tailStatus(_ prefix: String) throws {
    let directory = options.directory
    let socket = try SubscribeSocket(
      try MessagingContext(), endpoint: directory.status, topics: [prefix], delivery: .inOrder(queue: 1000))
    var printed = 0
    var silentSince = MonotonicTime.now()
    while !Interrupt.isRequested, count.map({ printed < $0 }) ?? true {
      guard let frame = socket.receive(milliseconds: 100)?.first else {
        try checkSilence(since: silentSince, prefix.isEmpty ? "any status topic" : prefix)
        continue
      }
      silentSince = .now()
      let text = frame.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      let brace = text.firstIndex(of: "{") ?? text.startIndex
      print(json ? String(text[brace...]) : "\(text[..<brace]) \(text[brace...])")
      fflush(nil)
      printed += 1
    }
  }

  /// `depth` means the first camera's depth.
  private func resolve(_ text: String, _ client: DepthClient) throws -> Topic {
    let name = text.hasSuffix("/") ? text : text + "/"
    guard !name.dropLast().contains("/") else { return try Topic(parsing: name) }
    guard let kind = TopicKind(rawValue: String(name.dropLast())) else {
      throw WireFormatError.unknownTopic(text)
    }
    return try Topic(camera: try client.camera(named: nil, milliseconds: 3000), kind)
  }

  private func checkSilence(since time: MonotonicTime, _ what: String) throws {
    guard let timeout, Double(MonotonicTime.now() - time) * 1e-9 > timeout else { return }
    throw ClientCommandError.nothingReceived(topic: what, directory: options.directory.path)
  }

  private func describe(_ frame: ReceivedFrame, _ subscription: FrameSubscription) -> String {
    let header = frame.header
    let statistics = subscription.statistics
    var text = "\(header.topic.name) #\(header.sequence) \(header.size) \(header.encoding.rawValue)"
    if let unit = header.unit { text += " \(unit.rawValue)" }
    if let age = subscription.ageSeconds(of: frame) { text += String(format: "  age %.1f ms", age * 1e3) }
    if let rate = statistics.rateHz { text += String(format: "  %.1f/s", rate) }
    text += "  lost \(statistics.lost)"
    if let scale = header.scale {
      text += "  scale \(scale.state.rawValue)" + (scale.value.map { String(format: " %.3f", $0) } ?? "")
    }
    if let priors = header.retrieval {
      text += "  priors" + (priors.entropy.map { String(format: " entropy %.2f", $0) } ?? "")
      text += priors.spread.map { String(format: " spread %.2f", $0) } ?? ""
      text += priors.best.map { String(format: " best %.1f", $0) } ?? ""
      text += priors.distance.map { String(format: " distance %.2f", $0) } ?? ""
    }
    if let total = header.timing?.total { text += String(format: "  took %.1f ms", total) }
    let names = header.degraded.names
    return names.isEmpty ? text : text + "  [\(names.joined(separator: ", "))]"
  }
}
