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
  let capture = CaptureStatus()
  package let perception = PerceptionStatus()
  let mailbox = Mailbox<FrameLease>()
  /// Nil when no odometry is configured.
  let odometry: OdometryInbox?
  let odometryStatus = OdometryStatus()
  let model: DepthModel
  let context: MessagingContext
  private let stopFlag = StopFlag()
  private var threads: [WorkerThread] = []

  /// Loads the model, binds the frame sockets and starts every thread.
  /// - Throws: `.model`, `.messaging`.
  package init(settings: DaemonSettings, logger: Logger) throws(DaemonError) {
    do { model = try DepthModel.load(path: settings.modelPath) } catch { throw .model(error) }
    do { context = try MessagingContext() } catch { throw .messaging(error) }
    odometry = settings.odometry == .none ? nil : OdometryInbox()
    try startPerception(settings, logger)
    startOdometry(settings, logger)
    startCapture(settings, logger)
  }

  /// Stops the threads in the order of a frame's path and waits for them.
  package func stop() {
    stopFlag.raise()
    mailbox.close()
    for thread in threads.reversed() { thread.join() }
    threads = []
  }

  private func startPerception(_ settings: DaemonSettings, _ logger: Logger) throws(DaemonError) {
    let opened = Mailbox<SinkOutcome>()
    let endpoints = settings.endpoints
    let teamSize = settings.threads > 0 ? settings.threads : processorCount()
    let cores = settings.pinnedCores
    let camera = settings.pipeline.cameraName
    let failures = perception.sendFailures
    let context = context
    let loop = PerceptionLoop(
      mailbox: mailbox,
      builder: PipelineBuilder(settings: settings.pipeline, model: model, calibration: settings.calibration),
      status: perception, capture: capture, odometry: odometry,
      odometryMaximumAgeNanoseconds: settings.odometryMaximumAgeNanoseconds,
      makeExecutor: { WorkerTeam(width: teamSize, cores: cores) },
      openSink: { () throws(DaemonError) -> PublisherSink in
        try Self.openSink(context: context, endpoints: endpoints, camera: camera, failures: failures)
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
    context: MessagingContext, endpoints: EndpointSettings, camera: String, failures: Counter
  ) throws(DaemonError) -> PublisherSink {
    let publisher: FramePublisher
    do {
      try endpoints.directory.create()
      publisher = try FramePublisher(
        context, stream: endpoints.stream, latest: endpoints.latest, allowInsecure: endpoints.allowInsecure)
    } catch { throw .messaging(error) }
    do { return try PublisherSink(publisher, camera: camera, failures: failures) } catch {
      throw .wire(error)
    }
  }

  private func startOdometry(_ settings: DaemonSettings, _ logger: Logger) {
    guard case .zeromq(let endpoint) = settings.odometry, let odometry else { return }
    let loop = OdometryLoop(
      context: context, endpoint: endpoint, inbox: odometry, status: odometryStatus, stop: stopFlag,
      logger: logger)
    threads.append(WorkerThread(name: "odometry") { loop.run() })
  }

  private func startCapture(_ settings: DaemonSettings, _ logger: Logger) {
    let loop = CaptureLoop(
      openSource: settings.openSource,
      neededSize: DepthPipeline.neededSize(
        of: settings.requestedSize, settings: settings.pipeline, model: model), mailbox: mailbox,
      status: capture,
      odometry: settings.odometry == .camera ? odometry : nil, stop: stopFlag, logger: logger,
      isLossless: settings.isLossless)
    threads.append(WorkerThread(name: "capture") { loop.run() })
  }
}

/// Cores of this machine.
private func processorCount() -> Int {
  max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
