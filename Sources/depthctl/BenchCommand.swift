// `depthctl bench`: time of the network alone.
import ArgumentParser
import Completion
import Foundation
import ModelBundle
import Platform
import PriorFusion
import Quantities

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure a model's network: time per run, loading time, memory.")

  @Option(help: "An .onnx file or a bundle folder.") var model: String
  @Option(help: "Network input size [default: the model's first].") var size: ImageSize?
  @Option(help: "Threads to use.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @Option(help: "Timed runs, after a tenth as many untimed ones.") var runs = 30
  @Option(help: "A prior bank to fuse [default: the bundle's own].") var bank: String?
  @Option(help: "How references are found: exact or two_level.") var search = PriorSearch.exact
  @Flag(help: "Leave the prior bank out.") var noPriors = false
  @Option(help: "Give the completion network so many random points; its own time is shown too.") var points =
    0
  @Flag(help: "Show the time of each step of the network too, and by kind of step.") var profile = false
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func validate() throws {
    guard runs > 0, threads > 0, points >= 0 else {
      throw ValidationError("--runs and --threads must be at least 1, --points at least 0")
    }
    guard bank == nil || !noPriors else { throw ValidationError("--bank and --no-priors exclude each other") }
  }

  func run() throws {
    HeapPolicy.returnLargeBlocks()
    let start = MonotonicTime.now()
    let team = WorkerTeam(width: threads)
    let (network, target) = try load(team)
    let loadMilliseconds = milliseconds(MonotonicTime.now() - start)
    for index in network.input.indices { network.input[index] = Float(index % 251) / 251 }
    let sparse = randomPoints(target)
    _ = timedRun(network, sparse)
    let firstMilliseconds = milliseconds(MonotonicTime.now() - start)
    for _ in 0..<max(1, runs / 10) { _ = timedRun(network, sparse) }
    let times = (0..<runs).map { _ in timedRun(network, sparse) }
    let (total, fusion) = (times.map(\.total).sorted(), times.map(\.fusion).sorted())
    let completion = times.map(\.completion).sorted()
    let steps = profile ? StepProfile(network, runs: runs) : nil
    steps?.show()
    let hasBank = network.priorFusion != nil
    report(
      Result(
        size: "\(target)", threads: threads, runs: runs, median_ms: total[runs / 2],
        p90_ms: total[min(runs - 1, runs * 9 / 10)], min_ms: total[0], load_ms: loadMilliseconds,
        first_result_ms: firstMilliseconds, peak_rss_mb: peakResidentMegabytes(),
        completion_ms: points > 0 ? completion[runs / 2] : nil,
        completion_min_ms: points > 0 ? completion[0] : nil,
        references: network.priorFusion?.bank.count, priors_ms: hasBank ? fusion[runs / 2] : nil,
        priors_min_ms: hasBank ? fusion[0] : nil,
        priors_ratio: hasBank ? times.map { $0.fusion / ($0.total - $0.fusion) }.sorted()[runs / 2] : nil,
        profile: steps?.kinds))
  }

  /// Milliseconds of one run, of the prior bank in it, and of what range points add to it: the completion network and
  /// anchoring.
  private func timedRun(
    _ network: DepthNetwork, _ sparse: borrowing SparseDepth
  ) -> (total: Double, fusion: Double, completion: Double) {
    let begin = MonotonicTime.now()
    network.encode()
    let encoded = MonotonicTime.now()
    network.fuse()
    let fused = MonotonicTime.now()
    if points > 0 { network.complete(sparse, unitsPerMeter: 1) }
    let completed = MonotonicTime.now()
    var decoded = completed
    network.decode { decoded = MonotonicTime.now() }
    let end = MonotonicTime.now()
    return (
      milliseconds(end - begin), milliseconds(fused - encoded),
      milliseconds(completed - fused + (end - decoded))
    )
  }

  /// Points on random pixels at 1 to 60 m, the same on every run.
  private func randomPoints(_ size: ImageSize) -> SparseDepth {
    var sparse = SparseDepth(size: size)
    var state: UInt32 = 1
    func next(below limit: Int) -> Int {
      // Numerical Recipes' linear congruence; the high bits are the random ones.
      state = state &* 1_664_525 &+ 1_013_904_223
      return (Int(state >> 8) * limit) >> 24
    }
    for _ in 0..<points {
      let (row, column) = (next(below: size.height), next(below: size.width))
      sparse.insert(row: row, column: column, depth: 1 + Float(next(below: 5900)) / 100)
    }
    return sparse
  }

  /// In a function of its own, so that the loaded files are dropped before the timing starts.
  private func load(_ team: WorkerTeam) throws -> (DepthNetwork, ImageSize) {
    let choice: DepthModel.PriorChoice = noPriors ? .off : bank.map { .file($0) } ?? .bundle
    let loaded = try DepthModel.load(path: model, priors: choice, executor: team)
    let target = size ?? loaded.inputSizes.first ?? ImageSize(width: 640, height: 192)
    let priors = loaded.priors
    let network = try (consume loaded).network(
      for: target, executor: team, priors: priors, priorSearch: search, pointCap: points)
    return (network, target)
  }

  private struct Result: Encodable {
    var size: String
    var threads, runs: Int
    /// `first_result_ms` counts from the opening of the file.
    var median_ms, p90_ms, min_ms, load_ms, first_result_ms, peak_rss_mb: Double
    /// Absent without --points.
    var completion_ms, completion_min_ms: Double?
    /// Absent without a prior bank; `priors_ratio` is the median over the runs of its time over the rest's.
    var references: Int?
    var priors_ms, priors_min_ms, priors_ratio: Double?
    /// With --profile.
    var profile: [StepProfile.Kind]?
  }

  private func report(_ result: Result) {
    print(
      String(
        format: "%@, %d thread(s): median %.2f ms, p90 %.2f ms, load %.0f ms, peak %.0f MB", result.size,
        result.threads, result.median_ms, result.p90_ms, result.load_ms, result.peak_rss_mb))
    if let median = result.completion_ms, let least = result.completion_min_ms {
      print(String(format: "of it %.2f ms for %d range points, %.2f ms at best", median, points, least))
    }
    if let references = result.references, let median = result.priors_ms, let least = result.priors_min_ms,
      let ratio = result.priors_ratio
    {
      print(
        String(
          format: "of it %.2f ms for %d prior references, %.2f ms at best: %.1f %% of the rest", median,
          references,
          least, 100 * ratio))
    }
    guard json, let data = try? JSONEncoder().encode(result) else { return }
    print(String(decoding: data, as: UTF8.self))
  }

  private func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) * 1e-6 }
}
