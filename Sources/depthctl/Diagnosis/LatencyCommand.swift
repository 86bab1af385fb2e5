// `depthctl latency`: where a frame's time goes, up to this very subscriber.
import ArgumentParser
import DepthClient
import Foundation
import Messaging
import Platform
import Quantities
import WireFormat

struct LatencyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency", abstract: "Show where a frame's time goes, from capture to this subscriber.",
    discussion: """
      Stages are what headers say (timing); transport is from the hand-over in the daemon to the arrival here; age is \
      from capture to arrival. Transport and age need the clock of the same machine.
      """)

  @OptionGroup var options: ClientOptions
  @Option(help: "Camera [default: the first].") var camera: String?
  @Option(help: "Listen for this many seconds.") var seconds = 5.0
  @Flag(help: "Print one JSON object, times in milliseconds.") var json = false

  func run() throws {
    Interrupt.watch()
    let client = try DepthClient(options.directory)
    let camera = try client.camera(named: camera, milliseconds: 3000)
    let frames = try client.subscribe(camera: camera, .unscaled, delivery: .everything(queue: 1000))
    var latencies = FrameLatencies()
    let end = MonotonicTime.now() + Int64(seconds * 1e9)
    while MonotonicTime.now() < end, !Interrupt.isRequested {
      if let frame = frames.next(milliseconds: 100) { latencies.add(frame) }
    }
    guard latencies.count > 0 else {
      throw ClientCommandError.nothingReceived(
        topic: frames.topic.name, directory: options.directory.path)
    }
    if json { return print(try JSONText.line(latencies.object)) }
    print("\(camera): \(latencies.count) frames in \(seconds) s, \(frames.statistics.lost) lost")
    for line in latencies.table { print(line) }
  }
}

/// Durations by name, in the order of a frame's path.
struct FrameLatencies {
  private var samples: [(name: String, milliseconds: [Double])] = [
    "wait", "decode", "rectify", "infer", "post", "total", "transport", "age",
  ].map { ($0, []) }
  private let bootID = BootIdentity.read()
  private(set) var count = 0

  mutating func add(_ frame: ReceivedFrame) {
    count += 1
    let header = frame.header
    let timing = header.timing
    add("wait", timing?.wait)
    add("decode", timing?.decode)
    add("rectify", timing?.rectify)
    add("infer", timing?.infer)
    add("post", timing?.post)
    add("total", timing?.total)
    guard let bootID, bootID == header.bootID else { return }
    let age = Double(frame.receivedAt - header.captureTime) * 1e-6
    add("age", age)
    add("transport", timing?.total.map { age - $0 })
  }

  private mutating func add(_ name: String, _ milliseconds: Double?) {
    guard let milliseconds, let index = samples.firstIndex(where: { $0.name == name }) else { return }
    samples[index].milliseconds.append(milliseconds)
  }

  private var sorted: [(name: String, milliseconds: [Double])] {
    samples.filter { !$0.milliseconds.isEmpty }.map { ($0.name, $0.milliseconds.sorted()) }
  }

  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
  }

  var object: [String: Any] {
    var stages: [String: Any] = [:]
    for (name, values) in sorted {
      stages[name] = [
        "p50": Self.quantile(values, 0.5), "p90": Self.quantile(values, 0.9),
        "p99": Self.quantile(values, 0.99),
        "max": values[values.count - 1],
      ]
    }
    return ["frames": count, "stages_ms": stages]
  }

  /// A line for each stage: quantiles, and the distribution as bars from 0 to the largest value of all.
  var table: [String] {
    let longest = sorted.compactMap(\.milliseconds.last).max() ?? 1
    let head = "ms             p50      p90      p99      max   0 to \(Int(longest.rounded(.up))) ms"
    return [head]
      + sorted.map { name, values in
        let numbers = [0.5, 0.9, 0.99, 1].map { String(format: "%8.2f", Self.quantile(values, $0)) }
        return padded(name, 10) + numbers.joined(separator: " ") + "   " + Self.bars(values, longest)
      }
  }

  /// Thirty buckets, each as high as its share of the fullest.
  private static func bars(_ values: [Double], _ longest: Double) -> String {
    var counts = [Int](repeating: 0, count: 30)
    for value in values {
      let bucket = Int(value / max(longest, 1e-9) * Double(counts.count))
      counts[min(counts.count - 1, max(0, bucket))] += 1
    }
    let fullest = counts.max() ?? 1
    let blocks = Array(" ▁▂▃▄▅▆▇█")
    return String(
      counts.map { count in
        count == 0 ? blocks[0] : blocks[max(1, count * (blocks.count - 1) / max(1, fullest))]
      })
  }
}
