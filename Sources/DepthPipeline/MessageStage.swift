import Geometry
import ImageBuffers
import ImageCodecs
import ModelBundle
import Preprocessing
import PriorFusion
import Quantities
import WireFormat

/// Writes and hands over one message for each topic that somebody wants.
final class MessageStage {
  private var settings: PipelineSettings
  private let grid: PublishedGrid
  private var isMetric: Bool
  private let estimatesConfidence: Bool
  private let topics: [TopicKind: Topic]
  var sequences = TopicSequences()
  private var header: DepthHeader
  private var headerBytes = ByteWriter(capacity: 4096)
  private var payload = ByteWriter(capacity: 4096)
  private var truth: TruthSampler?
  private var preview: PreviewStage
  private var points: PointsStage?
  private var frameEncoder: JPEGEncoder
  private let capturedSize: ImageSize
  /// Share of pixels in holes from which a frame is worth less.
  private static let manyHoles = 0.05

  init(
    settings: PipelineSettings, grid: PublishedGrid, model: DepthModel, scale: ScaleEstimate,
    capturedSize: ImageSize, carriesTruth: Bool, estimatesConfidence: Bool
  ) throws(PipelineError) {
    var topics: [TopicKind: Topic] = [:]
    do {
      for kind in TopicKind.allCases where kind.channel == .frames {
        topics[kind] = try Topic(camera: settings.cameraName, kind)
      }
      frameEncoder = try JPEGEncoder(quality: settings.jpegQuality)
      preview = try PreviewStage(settings: settings, size: grid.size)
    } catch let error as any ReportableError { throw .model(error.description) } catch {
      throw .model("\(error)")
    }
    guard let depthTopic = topics[.depth] else { preconditionFailure("the depth topic is a frame topic") }
    self.settings = settings
    self.grid = grid
    self.topics = topics
    self.capturedSize = capturedSize
    isMetric = scale.isMetric
    self.estimatesConfidence = estimatesConfidence
    truth = carriesTruth ? TruthSampler(grid: grid) : nil
    points = grid.intrinsics.map { PointsStage(settings: settings, intrinsics: $0) }
    header = DepthHeader(topic: depthTopic, frameID: settings.frameID, size: grid.size)
    header.bootID = settings.bootID
    header.intrinsics = grid.intrinsics
    header.calibrationID = settings.calibrationID
    header.generation = settings.generation
    header.model = DepthHeader.Model(
      name: model.name, hash: String(model.hash.prefix(16)), bank: model.priors?.id)
    header.scale = DepthHeader.Scale(scale)
  }

  /// Takes settings of class `live` in: all of them or, when it throws, none.
  func apply(_ settings: PipelineSettings, scale: ScaleEstimate) throws(PipelineError) {
    let newPreview: PreviewStage
    let newEncoder: JPEGEncoder
    do {
      newEncoder = try JPEGEncoder(quality: settings.jpegQuality)
      newPreview = try PreviewStage(settings: settings, size: grid.size)
    } catch { throw .model(error.description) }
    frameEncoder = newEncoder
    preview = newPreview
    points = grid.intrinsics.map { PointsStage(settings: settings, intrinsics: $0) }
    isMetric = scale.isMetric
    header.scale = DepthHeader.Scale(scale)
    header.generation = settings.generation
    self.settings = settings
  }

  /// Sends the wanted topics of one frame; depth first, since robots wait for it.
  func send(
    _ frame: borrowing CameraFrame, maps: borrowing DepthMaps, report: FrameReport,
    confidence: ConfidenceSummary?, context: FrameContext, to sink: any FrameSink
  ) {
    describe(frame.metadata, report: report, confidence: confidence, context: context)
    if isMetric && sink.wants(.depth) {
      PlaneEncoding.encode(maps.metric, into: &payload)
      send(.depth, range: metricRange, to: sink)
    }
    if sink.wants(.unscaled) {
      PlaneEncoding.encode(maps.unscaled, into: &payload)
      send(.unscaled, to: sink)
    }
    if isMetric && sink.wants(.depth16) {
      let clamped = MillimeterEncoding.encode(maps.metric, into: &payload)
      send(.depth16, clamped: clamped, to: sink)
    }
    if estimatesConfidence && sink.wants(.confidence) {
      PlaneEncoding.encode(maps.confidence, into: &payload)
      send(.confidence, to: sink)
    }
    sendForPeople(frame, maps: maps, to: sink)
  }

  /// The topics for viewers and recorders: truth, the camera's image, preview, point cloud.
  private func sendForPeople(
    _ frame: borrowing CameraFrame, maps: borrowing DepthMaps, to sink: any FrameSink
  ) {
    if truth != nil && sink.wants(.truth) {
      truth?.run(frame)
      truth?.encode(into: &payload)
      send(.truth, to: sink)
    }
    let time = frame.metadata.captureTime
    do {
      if sink.wants(.image) { sendImage(try frameEncoder.encode(frame.image), to: sink) }
      if sink.wants(.preview), preview.isDue(at: time) {
        let jpeg =
          isMetric
          ? try preview.encode(metric: maps.metric) : try preview.encode(unscaled: maps.unscaled)
        send(.preview, payload: jpeg, size: preview.size, to: sink)
      }
    } catch { sequences.failedPictures += 1 }
    if isMetric, sink.wants(.points), points?.isDue(at: time) == true {
      let size = points?.encode(maps.metric, into: &payload) ?? grid.size
      header.intrinsics = points?.intrinsics
      send(.points, size: size, to: sink)
      header.intrinsics = grid.intrinsics
    }
  }

  /// The captured image has its own grid: its intrinsics and distortion are in `calib/`, not here.
  private func sendImage(_ jpeg: UnsafeRawBufferPointer, to sink: any FrameSink) {
    header.intrinsics = nil
    send(.image, payload: jpeg, size: capturedSize, to: sink)
    header.intrinsics = grid.intrinsics
  }

  private var metricRange: DepthHeader.Range {
    DepthHeader.Range(minimum: settings.nearestMeters, maximum: settings.farthestMeters)
  }

  private func send(
    _ kind: TopicKind, size: ImageSize? = nil, range: DepthHeader.Range? = nil, clamped: Int? = nil,
    to sink: any FrameSink
  ) {
    send(kind, payload: payload.bytes, size: size ?? grid.size, range: range, clamped: clamped, to: sink)
  }

  private func send(
    _ kind: TopicKind, payload: UnsafeRawBufferPointer, size: ImageSize, range: DepthHeader.Range? = nil,
    clamped: Int? = nil, to sink: any FrameSink
  ) {
    guard let topic = topics[kind] else { return }
    let sequence = sequences.next(kind)
    header.retarget(to: topic, size: size, sequence: sequence)
    header.range = range
    header.clampedPixels = clamped
    headerBytes.clear()
    header.encode(into: &headerBytes)
    sink.send(
      topic, sequence: sequence, captureTime: header.captureTime, header: headerBytes.bytes, payload: payload)
  }

  /// Brings the header up to this frame.
  private func describe(
    _ metadata: FrameMetadata, report: FrameReport, confidence: ConfidenceSummary?, context: FrameContext
  ) {
    header.captureTime = metadata.captureTime
    header.stamp = WallTime(nanoseconds: metadata.captureTime.nanoseconds + context.wallOffsetNanoseconds)
    header.clock = DepthHeader.Clock(
      offsetNanoseconds: context.wallOffsetNanoseconds, steps: context.clockSteps,
      source: metadata.timeSource.rawValue)
    header.sourceTimeSeconds = metadata.sourceTimeSeconds
    isMetric = report.scale.isMetric
    header.scale = DepthHeader.Scale(
      report.scale,
      ageSeconds: report.scale.confirmed.map { max(0, Double(metadata.captureTime - $0) * 1e-9) })
    header.validRatio = report.validRatio
    header.holeShare = report.holeShare
    let completing = report.ranges.completing
    header.mode = completing > 0 ? .completion : .prediction
    header.sparsePoints = completing > 0 ? completing : nil
    header.sparseAgeMilliseconds =
      completing > 0 ? report.ranges.ageNanoseconds.map { Double($0) * 1e-6 } : nil
    header.confidence = confidence.map {
      DepthHeader.Confidence(mean: $0.mean, tenthPercentile: $0.lowerDecile)
    }
    header.odometry = context.odometry.map { sample in
      DepthHeader.Odometry(
        speedMetersPerSecond: sample.speedMetersPerSecond,
        yawRateRadiansPerSecond: sample.yawRateRadiansPerSecond,
        ageMilliseconds: Double(metadata.captureTime - sample.time) * 1e-6)
    }
    header.timing = DepthHeader.Timing(report.timings)
    header.timing?.exposureMicroseconds = metadata.exposureNanoseconds.map { Double($0) * 1e-3 }
    header.drops = DepthHeader.Drops(camera: context.droppedByCamera, pipeline: context.droppedByPipeline)
    header.degraded = degradations(context, scale: report.scale.state)
    header.retrieval = report.retrieval.map {
      DepthHeader.Retrieval(
        entropy: $0.entropy, spread: $0.priorSpread, best: $0.bestLogit, distance: report.domainDistance)
    }
    if report.isOutOfDomain == true { header.degraded.insert(.outOfDomain) }
    if (report.holeShare ?? 0) > Self.manyHoles { header.degraded.insert(.holes) }
  }

  private func degradations(_ context: FrameContext, scale: ScaleEstimate.State) -> Degradations {
    var degraded: Degradations = []
    if grid.intrinsics == nil { degraded.insert(.noCalibration) }
    if context.expectsOdometry && context.odometry == nil { degraded.insert(.noOdometry) }
    if context.lacksPoints { degraded.insert(.sparseStale) }
    if !isMetric { degraded.insert(.unscaled) }
    if scale == .held { degraded.insert(.scaleHeld) }
    if scale == .conflict { degraded.insert(.scaleConflict) }
    if settings.lacksPriors { degraded.insert(.priorsOff) }
    return degraded
  }
}

extension DepthHeader.Timing {
  /// Milliseconds of each stage so far.
  fileprivate init(_ timings: StageTimings) {
    self.init()
    wait = Double(timings.wait) * 1e-6
    decode = timings.decode > 0 ? Double(timings.decode) * 1e-6 : nil
    rectify = Double(timings.rectify) * 1e-6
    infer = Double(timings.infer) * 1e-6
    post = Double(timings.post) * 1e-6
    total = Double(timings.total) * 1e-6
  }
}
