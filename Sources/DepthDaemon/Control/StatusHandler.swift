import DepthPipeline
import Messaging
import ModelBundle
import Glibc
import Platform
import PriorFusion
import Quantities
import WireFormat

extension ControlHandler where Context == ControlContext {
  /// `status`: health, stage times, odometry, where to subscribe.
  static var status: ControlHandler {
    ControlHandler(writing: StatusRequest.self) { _, context, result in
      context.reporter.writeStatus(into: &result)
    }
  }
}

extension StatusReporter {
  func writeStatus(into result: inout ByteWriter) {
    let now = MonotonicTime.now()
    let message = health.message(crew: crew, at: now, uptimeNanoseconds: now - started)
    result.field("version", Version.daemon)
    result.field("pid", Int(getpid()))
    result.field("source", settings.sourceText)
    result.field("directory", settings.endpoints.directory.path)
    result.field("configuration", settings.configurationPath)
    result.field("state_directory", settings.stateDirectory)
    result.field("model", running.model.name)
    result.field("bank", running.model.priors?.id)
    result.field("generation", running.generation)
    result.beginObject("health")
    message.encodeFields(into: &result)
    result.endObject()
    result.beginObject("stages_ms")
    for (name, histogram) in crew.perception.stages.all where histogram.count > 0 {
      result.beginObject(name)
      result.field("p50", histogram.quantileNanoseconds(0.5).map { Double($0) * 1e-6 })
      result.field("p99", histogram.quantileNanoseconds(0.99).map { Double($0) * 1e-6 })
      result.field("max", Double(histogram.maximumNanoseconds) * 1e-6)
      result.endObject()
    }
    result.endObject()
    result.beginObject("publish")
    result.field("refused_messages", crew.perception.sendFailures.value)
    result.field("failed_pictures", crew.perception.snapshot.report?.failedPictures ?? 0)
    result.endObject()
    result.beginArray("subscribers")
    for entry in crew.perception.subscribers.entries {
      result.beginObject()
      result.field("topic", entry.topic)
      result.field("stream", entry.stream)
      result.field("latest", entry.latest)
      result.endObject()
    }
    result.endArray()
    result.beginObject("camera")
    result.field("width", crew.capture.frameSize?.width)
    result.field("height", crew.capture.frameSize?.height)
    result.field("connection", crew.capture.connection)
    result.field("frames", crew.capture.frames.value)
    result.field("lost", crew.capture.lost.value)
    result.field("corrupt", crew.capture.corrupt.value)
    result.field("reconnects", crew.capture.reconnects.value)
    result.endObject()
    if settings.odometry != .none { writeOdometry(at: now, into: &result) }
    let ranges = settings.pipeline.ranges
    if ranges.isExpected || ranges.usesSource { writeRanges(at: now, into: &result) }
  }
}
