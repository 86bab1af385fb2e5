// The engine by itself, for scripts/bench_peers.py: no more in the process than its peers have in theirs.
//
//     enginebench MODEL.onnx WIDTH HEIGHT THREADS
//
// Answers as the peers' processes do (scripts/bench_engines.py): a line `ready {...}` with the time from opening the
// file to the first result and the peak memory, then for each line with a count the fastest and the median time of so
// many runs. No ArgumentParser and no Foundation, whose libraries would be most of a small network's memory.
import Glibc
import Inference
import ONNXFormat
import Platform
import Quantities

@main
struct EngineBench {
  enum Failure: Error { case usage, notOneImage(inputs: [String]) }

  private let session: Session

  static func main() throws {
    let words = CommandLine.arguments
    guard words.count == 5, let width = Int(words[2]), let height = Int(words[3]), let threads = Int(words[4])
    else { throw Failure.usage }
    HeapPolicy.returnLargeBlocks()
    let start = MonotonicTime.now()
    let bench = try EngineBench(
      path: words[1], shape: [1, 3, height, width], executor: WorkerTeam(width: threads))
    bench.session.run()
    let first = milliseconds(MonotonicTime.now() - start)
    _ = bench.milliseconds(ofRuns: 2)
    answer("ready {\"first_result_ms\": \(first), \"peak_rss_mb\": \(peakResidentMegabytes())}")
    while let line = readLine(), let count = Int(line), count > 0 {
      let times = bench.milliseconds(ofRuns: count)
      answer("{\"min_ms\": \(times[0]), \"median_ms\": \(times[count / 2])}")
    }
  }

  private init(path: String, shape: [Int], executor: WorkerTeam) throws {
    let model = try Model(reading: try OpenFile(path), name: path)
    let names = model.inputs.map(\.name)
    guard let name = names.first, names.count == 1 else { throw Failure.notOneImage(inputs: names) }
    session = try (consume model).session(inputSizes: [name: shape], executor: executor)
    let input = try session.input(name)
    for index in input.indices { input[index] = Float(index % 251) / 251 }
  }

  /// Sorted.
  private func milliseconds(ofRuns count: Int) -> [Double] {
    (0..<count).map { _ in
      let begin = MonotonicTime.now()
      session.run()
      return Self.milliseconds(MonotonicTime.now() - begin)
    }.sorted()
  }

  private static func answer(_ line: String) {
    print(line)
    fflush(nil)
  }

  private static func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) * 1e-6 }
}

/// A file from its beginning to its end, as the engine reads it.
private final class OpenFile: ByteSource {
  let count: Int
  private let path: String
  private let file: FileDescriptor
  private var position = 0

  init(_ path: String) throws {
    self.path = path
    file = try FileDescriptor(path: path, flags: O_RDONLY)
    count = Int(lseek(file.raw, 0, SEEK_END))
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ONNXFormatError) {
    let read: Int
    do { read = try file.read(into: buffer, at: position) } catch {
      throw .unreadable(name: path, reason: error.description)
    }
    guard read == buffer.count else { throw .unreadable(name: path, reason: "it ends early") }
    position += read
  }
}
