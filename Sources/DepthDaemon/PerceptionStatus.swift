package import DepthPipeline
package import Platform
package import Quantities
import Synchronization

/// What the perception thread tells the rest of the daemon.
package final class PerceptionStatus: Sendable {
  /// Frames whose messages were handed to the sockets.
  package let published = Counter()
  /// Frames that could not be processed.
  package let failed = Counter()
  /// Messages ZeroMQ refused.
  let sendFailures = Counter()
  /// Grows each time the thread comes round, with or without a frame: the sign that it lives.
  let turns = Counter()
  let stages = StageHistograms()
  /// Who listens to the frame topics.
  let subscribers = SubscriberCounts()

  package struct Snapshot: Sendable {
    package var report: FrameReport?
    package var lastPublished: MonotonicTime?
    /// Why no pipeline could be built for the frames that arrive; nil when there is one.
    package var failure: PipelineError?
    package var gridSize: ImageSize?
    /// Of the frames that arrive; nil before the first.
    package var frameSize: ImageSize?
    package var carriesTruth: Bool = false

    package init() {}
  }

  private let storage = Mutex(Snapshot())

  var snapshot: Snapshot { storage.withLock { $0 } }

  func record(_ report: FrameReport, at time: MonotonicTime) {
    published.add()
    stages.record(report.timings)
    storage.withLock { snapshot in
      snapshot.report = report
      snapshot.lastPublished = time
    }
  }

  /// Notes whether a pipeline stands; returns whether that is news.
  func notePipeline(
    frameSize: ImageSize, carriesTruth: Bool, gridSize: ImageSize?, failure: PipelineError?
  ) -> Bool {
    storage.withLock { snapshot in
      let isNews = snapshot.failure != failure || snapshot.gridSize != gridSize
      snapshot.failure = failure
      snapshot.gridSize = gridSize
      snapshot.frameSize = frameSize
      snapshot.carriesTruth = carriesTruth
      return isNews
    }
  }
}

/// How long each stage takes, since the daemon started.
final class StageHistograms: Sendable {
  let wait = LatencyHistogram()
  let decode = LatencyHistogram()
  let rectify = LatencyHistogram()
  let infer = LatencyHistogram()
  let post = LatencyHistogram()
  let publish = LatencyHistogram()
  let total = LatencyHistogram()

  func record(_ timings: StageTimings) {
    wait.record(nanoseconds: timings.wait)
    decode.record(nanoseconds: timings.decode)
    rectify.record(nanoseconds: timings.rectify)
    infer.record(nanoseconds: timings.infer)
    post.record(nanoseconds: timings.post)
    publish.record(nanoseconds: timings.publish)
    total.record(nanoseconds: timings.total)
  }

  /// Name and histogram in the order of a frame's path.
  var all: [(name: StaticString, histogram: LatencyHistogram)] {
    [
      ("wait", wait), ("decode", decode), ("rectify", rectify), ("infer", infer), ("post", post),
      ("publish", publish), ("total", total),
    ]
  }
}
