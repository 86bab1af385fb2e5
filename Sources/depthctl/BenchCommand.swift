// `depthctl bench`: time of the network alone.
import ArgumentParser
import Foundation
import ModelBundle
import Platform
import Quantities

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure a model's network: time per run, loading time, memory.")

  @Option(help: "An .onnx file or a bundle folder.") var model: String
  @Option(help: "Network input size [default: the model's first].") var size: ImageSize?
  @Option(help: "Threads to use.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @Option(help: "Timed runs, after a tenth as many untimed ones.") var runs = 30
  @Flag(help: "Leave the prior bank out.") var noPriors = false
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func validate() throws {
    guard runs > 0, threads > 0 else { throw ValidationError("--runs and --threads must be at least 1") }
  }

  func run() throws {
    let start = MonotonicTime.now()
    let team = WorkerTeam(width: threads)
    let (network, target) = try load(team)
    let loadMilliseconds = milliseconds(MonotonicTime.now() - start)
    for index in network.input.indices { network.input[index] = Float(index % 251) / 251 }
    for _ in 0..<max(1, runs / 10) { network.run() }
    var times: [Double] = []
    times.reserveCapacity(runs)
    for _ in 0..<runs {
      let begin = MonotonicTime.now()
      network.run()
      times.append(milliseconds(MonotonicTime.now() - begin))
    }
    times.sort()
    report(
      Result(
        size: "\(target)", threads: threads, runs: runs, median_ms: times[runs / 2],
        p90_ms: times[min(runs - 1, runs * 9 / 10)], min_ms: times[0], load_ms: loadMilliseconds,
        peak_rss_mb: peakResidentMegabytes()))
  }

  /// In a function of its own, so that the loaded files are dropped before the timing starts.
  private func load(_ team: WorkerTeam) throws -> (DepthNetwork, ImageSize) {
    let loaded = try DepthModel.load(path: model)
    let target = size ?? loaded.inputSizes.first ?? ImageSize(width: 640, height: 192)
    return (try loaded.network(for: target, executor: team), target)
  }

  private struct Result: Encodable {
    var size: String
    var threads, runs: Int
    var median_ms, p90_ms, min_ms, load_ms, peak_rss_mb: Double
  }

  private func report(_ result: Result) {
    print(
      String(
        format: "%@, %d thread(s): median %.2f ms, p90 %.2f ms, load %.0f ms, peak %.0f MB", result.size,
        result.threads, result.median_ms, result.p90_ms, result.load_ms, result.peak_rss_mb))
    guard json, let data = try? JSONEncoder().encode(result) else { return }
    print(String(decoding: data, as: UTF8.self))
  }

  private func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) * 1e-6 }

  private func peakResidentMegabytes() -> Double {
    var usage = rusage()
    // 0 is RUSAGE_SELF, which Glibc's Swift module gives another type than the function takes.
    getrusage(0, &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
