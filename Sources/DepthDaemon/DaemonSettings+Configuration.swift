import Calibration
import Capture
import Configuration
import Decoding
import DepthPipeline
import Drive
import Foundation
import Geometry
import Messaging
import ModelBundle
import Platform
import Preprocessing
import Quantities
import Simulation

extension LoadedConfiguration {
  /// What the daemon needs to start, from a configuration that has passed its checks.
  /// - Throws: when no state folder can be named.
  public var settings: DaemonSettings {
    get throws(DaemonError) { try settings(generation: 0) }
  }

  /// The same for a configuration that a reload brings.
  func settings(generation: UInt64) throws(DaemonError) -> DaemonSettings {
    var settings = DaemonSettings(
      configurationPath: URL(fileURLWithPath: path).path, pipeline: pipelineSettings,
      sourceText: configuration.camera.source.configurationText,
      openSource: sourceOpener, isLossless: configuration.drive.pace == .asFastAsPossible && isDrive,
      requestedSize: expectedFrameSize, nominalRateHz: nominalRateHz, calibration: calibration,
      modelPath: modelPath, priors: priorChoice,
      threads: configuration.model.threads, pinnedCores: configuration.model.pinnedCores,
      endpoints: endpointSettings, odometry: odometryInput,
      odometryTuning: configuration.odometry.tuning,
      odometryMaximumAgeNanoseconds: Int64(configuration.odometry.maxAgeMilliseconds) * 1_000_000,
      rangeInput: rangeInput,
      stateDirectory: try stateDirectory, inspectSource: sourceInspector, isDevice: camera != nil,
      firstFramePatienceNanoseconds: SourceChoice.firstFramePatience(
        rateHz: nominalRateHz,
        discardedFrames: camera == nil ? 0 : configuration.camera.discardFirstFrames))
    settings.pipeline.generation = generation
    return settings
  }

  private var pipelineSettings: PipelineSettings {
    var settings = PipelineSettings()
    settings.cameraName = configuration.camera.name
    settings.frameID = configuration.camera.frameID
    if case .size(let size) = configuration.model.inputSize { settings.inputSize = size }
    settings.fit = ImageFit(rawValue: configuration.preprocessing.fit.rawValue) ?? .crop
    settings.verticalOffset = configuration.preprocessing.verticalOffset
    settings.nearestMeters = configuration.depth.minMeters
    settings.farthestMeters = configuration.depth.maxMeters
    settings.minimumConfidence = configuration.depth.minConfidence
    settings.priorSearch = configuration.priors.search
    settings.removesHoles = configuration.depth.removeHoles
    settings.scaleConstant = configuration.scale.constant.map {
      ScaleEstimate(
        value: $0, logSigma: configuration.scale.constantSigma, state: .locked, sources: .constant)
    }
    settings.previewIntervalNanoseconds = Self.interval(ofRateHz: configuration.publish.previewRateHz)
    settings.previewRangeMeters = configuration.publish.previewRangeMeters
    settings.pointsIntervalNanoseconds = Self.interval(ofRateHz: configuration.publish.pointsRateHz)
    settings.pointsDecimation = configuration.publish.pointsDecimation
    settings.jpegQuality = configuration.publish.jpegQuality
    settings.scale = configuration.scale.learning
    settings.scaleObservers = configuration.scale.observers
    settings.ranges = configuration.sparse.settings
    settings.cameraIdentity = "\(configuration.camera.name) \(configuration.camera.source.configurationText)"
    settings.bootID = BootIdentity.read()
    settings.calibrationID = calibrationID
    return settings
  }

  /// The prior bank, as the process sees it.
  var priorChoice: DepthModel.PriorChoice { configuration.priorChoice(besides: path) }

  private var endpointSettings: EndpointSettings {
    // The same rule that clients look by, so that a daemon and a client without options find each other.
    let directory: EndpointDirectory =
      switch configuration.publish.directory {
      case .automatic: .standard()
      case .path(let folder): .standard(option: Configuration.resolve(folder, besides: path))
      }
    var endpoints = EndpointSettings(directory: directory)
    endpoints.streamTCP = configuration.publish.streamTCP.configurationText
    endpoints.latestTCP = configuration.publish.latestTCP.configurationText
    endpoints.statusTCP = configuration.publish.statusTCP.configurationText
    endpoints.allowInsecure = configuration.publish.allowInsecure
    return endpoints
  }

  private var odometryInput: DaemonSettings.OdometryInput {
    switch configuration.odometry.source {
    case .none: .none
    case .zmq(let endpoint): .zeromq(endpoint: endpoint)
    case .can(let interface): .can(interface: interface, layout: configuration.odometry.layout)
    case .camera:
      // A live camera carries no odometry; expecting some from it would be a complaint for ever.
      switch configuration.camera.source {
      case .v4l2First, .v4l2Device, .v4l2Serial, .v4l2USBPort: .none
      case .drive, .simulation: .camera
      }
    }
  }

  private var rangeInput: DaemonSettings.RangeInput? {
    guard case .zmq(let endpoint) = configuration.sparse.source else { return nil }
    return DaemonSettings.RangeInput(endpoint: endpoint, topic: configuration.sparse.topic)
  }

  private var isDrive: Bool {
    if case .drive = configuration.camera.source { true } else { false }
  }

  private var nominalRateHz: Double {
    switch configuration.camera.source {
    case .v4l2First, .v4l2Device, .v4l2Serial, .v4l2USBPort: configuration.camera.rateHz
    case .simulation: configuration.simulation.rateHz
    // Recordings keep their own time, and may be played faster.
    case .drive: 0
    }
  }

  var stateDirectory: String {
    get throws(DaemonError) {
      guard let folder = configuration.state.directory.stateDirectory(environment: environment) else {
        throw .unwritableFolder(
          key: "state.directory", path: "auto", reason: "neither STATE_DIRECTORY nor HOME is set")
      }
      return Configuration.resolve(folder, besides: path)
    }
  }

  private static func interval(ofRateHz rate: Double) -> Int64 {
    // Less than once in a quarter of an hour counts as never; 0 has no interval.
    rate > 1e-3 ? Int64(1e9 / rate) : Pace.never
  }
}

extension Configuration {
  /// The prior bank, as the process sees it.
  /// - Parameter file: the configuration file.
  func priorChoice(besides file: String) -> DepthModel.PriorChoice {
    switch priors.bank {
    case .bundle: .bundle
    case .off: .off
    case .path(let bank): .file(Configuration.resolve(bank, besides: file))
    }
  }
}

extension LoadedConfiguration {
  /// The live camera that is configured; nil for recordings and the simulator.
  private var camera: CameraSelector? {
    switch configuration.camera.source {
    case .v4l2First: .first
    case .v4l2Device(let device): .path(device)
    case .v4l2Serial(let serial): .serial(serial)
    case .v4l2USBPort(let port): .usbPort(port)
    case .drive, .simulation: nil
    }
  }

  /// Looks at a camera without streaming from it; opens anything else and drops it again.
  private var sourceInspector: @Sendable () throws(CaptureError) -> DaemonSettings.SourceFacts {
    let open = sourceOpener
    let size = configuration.camera.size
    let format = Self.formatPreference(configuration.camera)
    let camera = camera
    return { () throws(CaptureError) in
      if let camera {
        try CameraInventory.check(camera, format: format)
        return DaemonSettings.SourceFacts(frameSize: size, carriesTruth: false)
      }
      let source = try open(nil)
      return DaemonSettings.SourceFacts(frameSize: source.frameSize, carriesTruth: source.carriesTruth)
    }
  }

  private static func formatPreference(_ camera: Configuration.Camera) -> FormatPreference {
    if case .fourCC(let code) = camera.format, let format = PixelFormat(code) { return .fixed(format) }
    return .automatic
  }

  /// Opens the configured source, on the thread that will own it.
  private var sourceOpener: DaemonSettings.SourceOpener {
    let configuration = configuration
    let path = path
    return { (neededSize: ImageSize?) throws(CaptureError) -> any FrameSource in
      switch configuration.camera.source {
      case .v4l2First: Self.openCamera(configuration.camera, .first, neededSize)
      case .v4l2Device(let device): Self.openCamera(configuration.camera, .path(device), neededSize)
      case .v4l2Serial(let serial): Self.openCamera(configuration.camera, .serial(serial), neededSize)
      case .v4l2USBPort(let port): Self.openCamera(configuration.camera, .usbPort(port), neededSize)
      case .drive(let folder):
        try Self.openDrive(Configuration.resolve(folder, besides: path), configuration.drive)
      case .simulation(let world): try Self.openSimulation(configuration, world: world)
      }
    }
  }

  private static func openCamera(
    _ camera: Configuration.Camera, _ selector: CameraSelector, _ neededSize: ImageSize?
  ) -> any FrameSource {
    V4L2Source(
      CameraSettings(
        selector: selector, size: camera.size, rateHz: camera.rateHz, format: formatPreference(camera),
        neededSize: neededSize, controls: camera.controls, discardFirstFrames: camera.discardFirstFrames,
        timeOffsetMicroseconds: camera.timeOffsetMicroseconds, acceptAnyCamera: camera.acceptAnyCamera))
  }

  private static func openDrive(
    _ folder: String, _ drive: Configuration.Drive
  ) throws(CaptureError) -> any FrameSource {
    var playback = DriveSource.Playback()
    playback.isPaced = drive.pace == .realTime
    playback.loops = drive.loop
    do { return try DriveSource(directory: folder, playback: playback) } catch {
      throw .badSource(source: "drive:\(folder)", reason: error.description)
    }
  }

  private static func openSimulation(
    _ configuration: Configuration, world name: String
  ) throws(CaptureError) -> any FrameSource {
    guard let world = SimulationWorld(rawValue: name) else {
      throw .badSource(source: "sim:\(name)", reason: "there is no such world")
    }
    let simulation = configuration.simulation
    var settings = SimulationSettings(
      world: world, seed: UInt64(simulation.seed),
      calibration: SimulationSettings.defaultCalibration(
        size: configuration.camera.size, distorted: simulation.distortion))
    settings.rateHz = simulation.rateHz
    if !simulation.exposureChanges { settings.exposureSwing = 0 }
    if simulation.odometryNoise {
      settings.odometryNoise.slipProbability = 0.1
    } else {
      settings.odometryNoise = .none
    }
    return SimulationSource(settings, rangeScans: simulation.rangeScans)
  }
}
