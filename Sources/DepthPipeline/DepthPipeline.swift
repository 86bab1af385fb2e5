public import Geometry
public import ImageBuffers
public import ModelBundle
import Platform
public import Preprocessing
public import Quantities
import WireFormat

/// The story of one frame, from captured pixels to messages:
///
///     rectify + resize -> network (with priors and range points) -> depth -> holes -> scale -> confidence -> messages
///
/// Decoding happens before, on the capture thread; sending is the sink's business. Built once per camera,
/// calibration, model and configuration, on the thread that uses it; `process` allocates nothing.
public final class DepthPipeline {
  /// The pixel grid everything is published on.
  public let grid: PublishedGrid
  private(set) var settings: PipelineSettings
  private var preprocessor: Preprocessor
  let model: DepthModel
  let network: DepthNetwork
  /// About how long the network occupies the calling thread for one frame, counted, nanoseconds.
  public let nominalNetworkNanoseconds: Double
  /// Nil without a pose network that something is known of, and for an uncalibrated camera.
  let posePairs: PosePairs?
  /// Range points; scans for the next frame are added here.
  public let ranges: RangeStage
  let ratios = RangeRatios()
  /// Per grid pixel, 0 where the camera sees nothing; empty when it sees everything.
  private let visible: [UInt8]
  private let conversion: DepthConversion
  /// Nil when the network takes no range points.
  private var completion: CompletionStage?
  private var scale: ScaleStage
  private let mount: CameraMount?
  private var holes: HoleStage?
  private var priors: PriorStage?
  private var confidenceStage: ConfidenceStage?
  var maps: DepthMaps
  private let messages: MessageStage
  /// Whether frames come with true depth.
  public let carriesTruth: Bool

  /// - Parameters:
  ///   - capturedSize: size of the frames that will come.
  ///   - calibration: nil for an uncalibrated camera: no rectification, no intrinsics, no point cloud.
  ///   - carriesTruth: whether frames come with true depth.
  /// - Throws: `.calibration`, `.inputSize`, `.model`.
  public init(
    settings: PipelineSettings, model: DepthModel, calibration: CameraCalibration?, capturedSize: ImageSize,
    carriesTruth: Bool, executor: any ParallelExecutor
  ) throws(PipelineError) {
    let size = try Self.inputSize(settings: settings, model: model, capturedSize: capturedSize)
    do {
      grid = try PublishedGrid(
        capturedSize: capturedSize, calibration: calibration, size: size, fit: settings.fit,
        verticalOffset: settings.verticalOffset)
    } catch { throw .calibration(error.description) }
    do {
      network = try model.network(
        for: size, executor: executor, priors: model.priors, priorSearch: settings.priorSearch,
        pointCap: CompletionStage.pointCap(model: model, settings: settings.ranges))
      posePairs = try Self.posePairs(model, grid, executor)
    } catch { throw .model(error.description) }
    nominalNetworkNanoseconds = network.nominalNanoseconds / Double(executor.width)
    ranges = RangeStage(grid: grid, settings: settings.ranges)
    self.settings = settings
    self.model = model
    self.carriesTruth = carriesTruth
    preprocessor = Preprocessor(grid: grid, normalization: InputNormalization(of: model))
    visible = Self.visiblePixels(of: preprocessor)
    conversion = DepthConversion(model: model, grid: grid)
    completion = CompletionStage(model: model, settings: settings.ranges, conversion: conversion)
    scale = ScaleStage(settings: settings, model: model)
    mount = calibration?.mount
    holes = HoleStage(settings: settings, intrinsics: grid.intrinsics, mount: mount)
    priors = PriorStage(model: model, network: network)
    confidenceStage = ConfidenceStage(model: model, network: network, settings: settings)
    maps = DepthMaps(
      size: size, hasConfidence: confidenceStage != nil, isCompleted: completion != nil)
    messages = try MessageStage(
      settings: settings, grid: grid, model: model, scale: scale.estimate, capturedSize: capturedSize,
      carriesTruth: carriesTruth, estimatesConfidence: confidenceStage != nil)
  }

  /// Turns one frame into the messages that somebody wants.
  ///
  /// - Returns: timings and quality of the frame, for status and health.
  /// - Throws: `.frameSize` when the frame is not of the size the pipeline was built for.
  public func process(
    _ frame: borrowing CameraFrame, context: FrameContext, sink: any FrameSink
  ) throws(PipelineError) -> FrameReport {
    guard frame.image.size == grid.capturedSize else {
      throw .frameSize(found: frame.image.size, expected: grid.capturedSize)
    }
    var clock = StageClock(capture: frame.metadata)
    scale.follow(context.scale)

    preprocessor.run(frame.image, into: network.input)
    ranges.settle(frame.rangePixels, isBeside: frame.isRangeSensorBeside)
    clock.timings.rectify = clock.lap()

    let begin = ThreadTime.now()
    runNetwork()
    let networkTime = ThreadTime.now() - begin
    clock.timings.infer = clock.lap()

    priors?.run(network, at: frame.metadata.captureTime)
    let finite = convertToDepth(into: maps.unscaled.baseAddress)
    holes?.run(maps.unscaled.baseAddress, farthest: farthestUnits)
    confidenceStage?.run(network: network, scale: scale.estimate, priors: priors, maps: &maps)
    scale.run(maps.unscaled.baseAddress, count: grid.size.pixelCount, into: maps.metric.baseAddress)
    clock.timings.post = clock.lap()

    var report = FrameReport(scale: scale.estimate)
    report.ranges = ranges.report
    report.networkProcessorNanoseconds = networkTime
    let rejected = (confidenceStage?.rejectedPixels ?? 0) + (holes?.removedPixels ?? 0)
    report.validRatio = Double(finite - rejected) / Double(grid.size.pixelCount)
    report.holeShare = holes?.share
    report.retrieval = priors?.means
    report.domainDistance = priors?.domainDistance
    report.isOutOfDomain = priors?.isOutOfDomain
    report.meanConfidence = confidenceStage?.summary?.mean
    report.timings = clock.timings
    messages.send(
      frame, maps: maps, report: report, confidence: confidenceStage?.summary, context: context, to: sink)
    clock.timings.publish = clock.lap()
    report.timings = clock.timings
    report.failedPictures = messages.sequences.failedPictures
    return report
  }

  /// Runs the network once on a black image, so that the first real frame is no slower than the others.
  public func warmUp() throws(PipelineError) {
    let frame = CameraFrame(size: grid.capturedSize, carriesTruth: false)
    preprocessor.run(frame.image, into: network.input)
    network.run()
    guard network.output.contains(where: \.isFinite) else {
      throw .model("\(model.path): the network's output for a black image has no finite value")
    }
  }

  /// Takes settings of class `live` in, between two frames: all of them or, when it throws, none.
  ///
  /// - Throws: `.model` when the JPEG library refuses.
  public func apply(_ settings: PipelineSettings) throws(PipelineError) {
    let newScale = ScaleStage(settings: settings, model: model)
    try messages.apply(settings, scale: newScale.estimate)
    scale = newScale
    ranges.apply(settings.ranges)
    holes = HoleStage(settings: settings, intrinsics: grid.intrinsics, mount: mount)
    confidenceStage = ConfidenceStage(model: model, network: network, settings: settings)
    self.settings = settings
  }

  /// Where each topic's sequence number and the failures stand; a new pipeline goes on from its predecessor's, so that
  /// subscribers and health see one story.
  public var sequences: TopicSequences {
    get { messages.sequences }
    set { messages.sequences = newValue }
  }

  /// Depth of the last frame in metres, as far as the scale is right, row by row; valid until the next frame.
  public var metricDepth: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: maps.metric.baseAddress, count: grid.size.pixelCount)
  }

  /// Whether metric topics speak.
  public var isMetric: Bool { scale.estimate.isMetric }

  /// The farthest depth that counts, in the network's unit.
  private var farthestUnits: Float { Float(settings.farthestMeters / scale.estimate.value) }

  private func runNetwork() {
    let metersPerUnit = scale.estimate.value
    guard
      let used = completion?.run(network, ranges.points, metersPerUnit: metersPerUnit)
    else { return network.run() }
    ranges.note(completing: used)
  }

  /// Runs the network once more on the last frame, without its range points.
  func predict() {
    network.run()
    _ = convertToDepth(into: maps.predicted.baseAddress)
    holes?.run(maps.predicted.baseAddress, farthest: farthestUnits)
  }

  /// Network output to depth in the network's unit; returns how many pixels hold a finite depth.
  private func convertToDepth(into depth: UnsafeMutablePointer<Float>) -> Int {
    let metersPerUnit = Float(scale.estimate.value)
    return visible.withUnsafeBufferPointer { visible in
      conversion.run(
        network.output, visible: visible.isEmpty ? nil : visible.baseAddress,
        nearest: Float(settings.nearestMeters) / metersPerUnit,
        farthest: farthestUnits, into: depth)
    }
  }

  private static func visiblePixels(of preprocessor: borrowing Preprocessor) -> [UInt8] {
    let size = preprocessor.grid.size
    guard preprocessor.validCount < size.pixelCount else { return [] }
    var visible: [UInt8] = []
    for y in 0..<size.height {
      let row = preprocessor.validity.row(y)
      for x in 0..<size.width { visible.append(row[x]) }
    }
    return visible
  }

  /// The smallest size frames of `capturedSize` may be reduced to without the network seeing less.
  public static func neededSize(
    of capturedSize: ImageSize, settings: PipelineSettings, model: DepthModel
  ) -> ImageSize {
    let size = settings.inputSize ?? model.bestInputSize(for: capturedSize)
    let scale = min(
      1,
      max(
        Double(size.width) / Double(capturedSize.width), Double(size.height) / Double(capturedSize.height)))
    return ImageSize(
      width: Int((Double(capturedSize.width) * scale).rounded(.up)),
      height: Int((Double(capturedSize.height) * scale).rounded(.up)))
  }

  private static func inputSize(
    settings: PipelineSettings, model: DepthModel, capturedSize: ImageSize
  ) throws(PipelineError) -> ImageSize {
    guard let asked = settings.inputSize else { return model.bestInputSize(for: capturedSize) }
    guard asked.width % 32 == 0, asked.height % 32 == 0 else {
      throw .inputSize(asked: asked, reason: "both sides must be multiples of 32")
    }
    return asked
  }
}
