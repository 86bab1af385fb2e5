import Glibc
import Capture
import DepthPipeline
import ImageBuffers
package import Logging
import Messaging
import ModelBundle
import Platform
import Quantities

/// The threads of one running daemon and the mailboxes and counters between them.
package final class Crew {
  let mailbox = Mailbox<FrameLease>()
  let odometry = OdometryInbox()
  let odometryStatus = OdometryStatus()
  let ranges = RangeInbox()
  let rangeStatus = RangeStatus()
  let scale: ScaleKeeper
  let context: MessagingContext
  package let channels = ReloadChannels()
  private let logger: Logger
  private let stopFlag = StopFlag()
  private var threads: [WorkerThread] = []
  private var odometryThread: (thread: WorkerThread, stop: StopFlag)?
  private var rangeThread: (thread: WorkerThread, stop: StopFlag)?

  var capture: CaptureStatus { channels.capture }
  package var perception: PerceptionStatus { channels.perception }

  /// Loads the settings' model and starts.
  /// - Throws: `.model`, `.messaging`.
  package convenience init(settings: DaemonSettings, logger: Logger) throws(DaemonError) {
    let model: DepthModel
    do { model = try DepthModel.load(path: settings.modelPath, priors: settings.priors) } catch {
      throw .model(error)
    }
    try self.init(settings: settings, model: model, logger: logger)
  }

  /// Binds the frame sockets and starts every thread.
  /// - Throws: `.messaging`.
  init(settings: DaemonSettings, model: DepthModel, logger: Logger) throws(DaemonError) {
    self.logger = logger
    scale = ScaleKeeper(stateDirectory: settings.stateDirectory)
    do { context = try MessagingContext() } catch { throw .messaging(error) }
    odometry.apply(settings.odometryTuning)
    applyRanges(settings)
    try startPerception(settings, model)
    startOdometry(settings.odometry)
    startRanges(settings.rangeInput)
    startCapture(settings, model)
  }

  /// Stops the threads in the order of a frame's path and waits for them.
  package func stop() {
    stopFlag.raise()
    mailbox.close()
    for thread in threads.reversed() { thread.join() }
    threads = []
    stopOdometry()
    stopRanges()
  }

  /// Takes in odometry as new settings say: from another source, or from the same one otherwise.
  func changeOdometry(from old: DaemonSettings, to new: DaemonSettings) {
    if new.odometryTuning != old.odometryTuning { odometry.apply(new.odometryTuning) }
    guard new.odometry != old.odometry else { return }
    stopOdometry()
    odometry.startAnew()
    startOdometry(new.odometry)
  }

  /// Takes in range points as new settings say.
  func changeRanges(from old: DaemonSettings, to new: DaemonSettings) {
    applyRanges(new)
    guard new.rangeInput != old.rangeInput else { return }
    stopRanges()
    ranges.startAnew()
    startRanges(new.rangeInput)
  }

  private func startPerception(_ settings: DaemonSettings, _ model: DepthModel) throws(DaemonError) {
    let opened = Mailbox<SinkOutcome>()
    let endpoints = settings.endpoints
    let camera = settings.pipeline.cameraName
    let perception = perception
    let context = context
    let builder = Mailbox<PipelineBuilder>()
    builder.put(
      PipelineBuilder(settings: settings.pipeline, model: model, calibration: settings.calibration))
    let loop = PerceptionLoop(
      mailbox: mailbox, firstBuilder: builder,
      channels: channels, odometry: odometry, odometryUse: settings.odometryUse, ranges: ranges,
      rangeStatus: rangeStatus, scale: scale,
      team: settings.team,
      openSink: { () throws(DaemonError) -> PublisherSink in
        try Self.openSink(context: context, endpoints: endpoints, camera: camera, perception)
      },
      opened: opened, stop: stopFlag, logger: logger)
    threads.append(WorkerThread(name: "perception") { loop.run() })
    let outcome = opened.take(until: MonotonicTime.now() + 10_000_000_000)
    if let failure = outcome?.failure {
      stop()
      throw failure
    }
  }

  private static func openSink(
    context: MessagingContext, endpoints: EndpointSettings, camera: String, _ perception: PerceptionStatus
  ) throws(DaemonError) -> PublisherSink {
    let publisher: FramePublisher
    do {
      try endpoints.directory.create()
      publisher = try FramePublisher(
        context, stream: endpoints.stream, latest: endpoints.latest, allowInsecure: endpoints.allowInsecure)
    } catch { throw .messaging(error) }
    do {
      return try PublisherSink(
        publisher, camera: camera, failures: perception.sendFailures, subscribers: perception.subscribers)
    } catch { throw .wire(error) }
  }

  private func startOdometry(_ input: DaemonSettings.OdometryInput) {
    let stop = StopFlag()
    let run: @Sendable () -> Void
    switch input {
    case .none, .camera: return
    case .zeromq(let endpoint):
      let loop = OdometryLoop(
        context: context, endpoint: endpoint, inbox: odometry, status: odometryStatus, stop: stop,
        logger: logger)
      run = { loop.run() }
    case .can(let interface, let layout):
      let loop = CANOdometryLoop(
        interface: interface, layout: layout, inbox: odometry, status: odometryStatus, stop: stop,
        logger: logger)
      run = { loop.run() }
    }
    odometryThread = (WorkerThread(name: "odometry", run), stop)
  }

  private func stopOdometry() {
    guard let (thread, stop) = odometryThread else { return }
    stop.raise()
    thread.join()
    odometryThread = nil
  }

  private func applyRanges(_ settings: DaemonSettings) {
    ranges.apply(
      settings.calibration, cameraFrame: settings.pipeline.frameID,
      maximumAgeNanoseconds: settings.pipeline.ranges.maximumAgeNanoseconds)
  }

  private func startRanges(_ input: DaemonSettings.RangeInput?) {
    rangeStatus.note(failure: nil)
    guard let input else { return }
    let stop = StopFlag()
    let loop = RangeLoop(
      context: context, input: input, inbox: ranges, status: rangeStatus, stop: stop, logger: logger)
    rangeThread = (WorkerThread(name: "ranges") { loop.run() }, stop)
  }

  private func stopRanges() {
    guard let (thread, stop) = rangeThread else { return }
    stop.raise()
    thread.join()
    rangeThread = nil
  }

  private func startCapture(_ settings: DaemonSettings, _ model: DepthModel) {
    let inbox = odometry
    let loop = CaptureLoop(
      firstSource: settings.source(for: model), mailbox: mailbox, channels: channels,
      useOdometry: { inbox.add($0) }, stop: stopFlag, logger: logger)
    threads.append(WorkerThread(name: "capture") { loop.run() })
  }
}
