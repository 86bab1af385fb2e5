import ArgumentParser
import DepthDaemon
import DepthPipeline
import Foundation
import Messaging
import ModelBundle
import Platform
import Quantities
import TestSupport

/// `framepath stages`: p50 and p99 of each stage, decoded buffer to published message.
struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "Time of each stage at 640x480, every topic wanted by two subscribers.")

  @Option(help: "Model bundle or ONNX file.") var model = "models/lite"
  @Option(help: "Network size, WxH [default: the model's choice].") var size: String?
  @Option(help: "Threads of the network.") var threads = 1
  @Option(help: "Measured frames per pixel format.") var frames = 300
  @Flag(help: "Three frames of four come with 4,800 range points.") var rangePoints = false
  @Option(help: "Write the result as JSON to this file.") var json: String?

  private static let warmUp = 30

  func run() throws {
    let setup = try PathSetup(modelPath: model, inputSize: size.flatMap { ImageSize($0) })
    var results: [String: StageTimes] = [:]
    for (name, buffers) in [("yuyv", CameraBuffers.yuyv()), ("mjpg", try CameraBuffers.mjpg())] {
      let times = try measure(buffers, setup)
      results[name] = times
      times.print(title: "\(name) \(CameraBuffers.size)")
    }
    guard let json else { return }
    let document: [String: Any] = [
      "model": setup.model.name, "capture_size": "\(CameraBuffers.size)", "frames": frames,
      "threads": threads, "formats": results.mapValues(\.dictionary),
    ]
    let data = try JSONSerialization.data(withJSONObject: document, options: [.prettyPrinted, .sortedKeys])
    try data.write(to: URL(fileURLWithPath: json))
  }

  private func measure(_ buffers: CameraBuffers, _ setup: PathSetup) throws -> StageTimes {
    let sockets = try Sockets(camera: setup.settings.cameraName)
    sockets.listener.start()
    let path = try FrameRunner(buffers, setup, threads: threads, hasRangePoints: rangePoints)
    var times = StageTimes()
    for frame in 0..<(Self.warmUp + frames) {
      sockets.sink.poll()
      let timings = try path.runFrame(to: sockets.sink)
      if frame >= Self.warmUp { times.add(timings) }
    }
    return times
  }
}

/// Durations of each stage over many frames, exact.
struct StageTimes {
  private var stages: [(name: String, values: [Int64])] = [
    ("decode", []), ("rectify", []), ("infer", []), ("post", []), ("publish", []), ("without_network", []),
  ]

  mutating func add(_ timings: StageTimings) {
    let own = timings.decode + timings.rectify + timings.post + timings.publish
    let values = [timings.decode, timings.rectify, timings.infer, timings.post, timings.publish, own]
    for (index, value) in values.enumerated() { stages[index].values.append(value) }
  }

  /// {stage: {p50_ms, p99_ms}}.
  var dictionary: [String: [String: Double]] {
    Dictionary(
      uniqueKeysWithValues: stages.map { stage in
        (stage.name, ["p50_ms": quantile(stage.values, 0.5), "p99_ms": quantile(stage.values, 0.99)])
      })
  }

  func print(title: String) {
    Swift.print(title)
    for (name, values) in stages {
      let label = name.padding(toLength: 16, withPad: " ", startingAt: 0)
      let numbers = [0.5, 0.99].map { String(format: "%8.3f", quantile(values, $0)) }
      Swift.print("  \(label) p50 \(numbers[0]) ms   p99 \(numbers[1]) ms")
    }
  }

  /// Milliseconds.
  private func quantile(_ values: [Int64], _ fraction: Double) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return Double(sorted[max(0, Int((Double(sorted.count) * fraction).rounded(.up)) - 1)]) * 1e-6
  }
}
