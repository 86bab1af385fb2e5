import Capture
import ImageBuffers
import Logging
import Odometry
import Platform
import Quantities

/// The capture thread: frames from a source into the mailbox, newest wins.
///
/// It owns the source and the frame pool. What wakes it: the source's own wait, at most `patience` long.
/// What stops it: the flag. What it drops: nothing itself; the mailbox displaces a frame nobody took.
struct CaptureLoop: Sendable {
  /// How the source is opened; called on the capture thread, which then owns it.
  let openSource: DaemonSettings.SourceOpener
  /// Frames need not be larger than this; nil = as large as they come.
  let neededSize: ImageSize?
  let mailbox: Mailbox<FrameLease>
  let status: CaptureStatus
  let odometry: OdometryInbox?
  let stop: StopFlag
  let logger: Logger
  /// A recording played as fast as possible goes at the pace of perception and loses no frame.
  let isLossless: Bool

  /// Longest wait before the stop flag is looked at again.
  private static let patienceNanoseconds: Int64 = 200_000_000
  /// One frame being filled, one in the mailbox, one being processed, one spare.
  private static let poolSize = 4

  func run() {
    defer { mailbox.close() }
    let source: any FrameSource
    do { source = try openSource(neededSize) } catch {
      status.enter(.unavailable(error))
      logger.error("\(error)")
      return
    }
    var pool = makePool(for: source)
    while !stop.isRaised {
      guard var lease = pool.lease() else {
        // Every frame is lent only while perception holds its frame and a displaced one is on its way back.
        _ = mailbox.waitUntilTaken(until: MonotonicTime.now() + 1_000_000)
        continue
      }
      let outcome = source.next(into: &lease, until: MonotonicTime.now() + Self.patienceNanoseconds)
      deliverOdometry(of: source)
      if case .frame = outcome {
        deliver(lease, from: source)
      } else if !handle(outcome) {
        return
      }
      if case .reconfigured = outcome { pool = makePool(for: source) }
    }
  }

  private func makePool(for source: any FrameSource) -> FramePool {
    status.note(size: source.frameSize, connection: source.connectionDescription)
    return FramePool(count: Self.poolSize, size: source.frameSize, carriesTruth: source.carriesTruth)
  }

  private func deliver(_ lease: consuming FrameLease, from source: any FrameSource) {
    status.frames.add()
    status.lost.add(lease.frame.metadata.lostBefore)
    if status.enter(.streaming) {
      let origin = source.connectionDescription.map { " from " + $0 } ?? ""
      logger.info("frames of \(lease.frame.image.size)\(origin)")
    }
    while isLossless && !stop.isRaised {
      if mailbox.waitUntilTaken(until: MonotonicTime.now() + Self.patienceNanoseconds) { break }
    }
    mailbox.put(lease)
  }

  private func deliverOdometry(of source: any FrameSource) {
    guard let odometry else { return }
    for sample in source.takeOdometry(upTo: MonotonicTime.now()) { odometry.add(sample) }
  }

  /// Handles everything that is not a frame. Returns false when there will be no more frames.
  private func handle(_ outcome: FrameOutcome) -> Bool {
    switch outcome {
    case .frame, .timeout, .reconfigured:
      break
    case .corrupt(let error):
      status.corrupt.add()
      logger.debug("\(error)")
    case .unavailable(let error):
      if status.enter(.unavailable(error)) { logger.warning("\(error)") }
    case .ended:
      status.enter(.ended)
      logger.info("the recording has ended")
      return false
    }
    return true
  }
}
