import Capture
import ImageBuffers
import Logging
import Odometry
import Platform
import Quantities

/// The capture thread's own state: lives and dies on it.
final class CaptureWorker {
  /// One frame being filled, one in the mailbox, one being processed, one spare.
  private static let poolSize = 4

  private let loop: CaptureLoop
  private let status: CaptureStatus
  private var feed: CaptureFeed
  /// While it is not decided whether `feed` stays.
  private var trial: SourceTrial?
  /// Until the first frame after sources were exchanged.
  private var outage: CaptureOutage?

  init(loop: CaptureLoop) {
    self.loop = loop
    status = loop.channels.capture
    feed = CaptureFeed(choice: loop.firstSource, attempt: 0)
    reopen()
    show()
  }

  /// One frame, or one wait without one.
  func turn() {
    settleTrial()
    if let change = loop.channels.sourceChanges.takeNow() { begin(change) }
    guard let source = feed.source, let pool = feed.pool else {
      if let change = loop.channels.sourceChanges.take(until: nextLook) { begin(change) }
      return
    }
    guard var lease = pool.lease() else {
      // Every frame is lent only while perception holds its frame and a displaced one is on its way back.
      _ = loop.mailbox.waitUntilTaken(until: MonotonicTime.now() + 1_000_000)
      return
    }
    let outcome = source.next(into: &lease, until: nextLook)
    guard isTrusted(outcome) else { return }
    guard case .frame = outcome else {
      deliverOdometry(of: source, upTo: .now())
      return handle(outcome)
    }
    // A recording that is played faster than it was made brings odometry of its own time.
    let captureTime = lease.frame.metadata.captureTime
    deliverOdometry(of: source, upTo: feed.choice.isLossless ? captureTime : max(captureTime, .now()))
    deliver(lease, from: source)
  }

  private var nextLook: MonotonicTime { MonotonicTime.now() + CaptureLoop.patienceNanoseconds }

  // MARK: the source

  private func reopen() {
    do { use(try feed.choice.open(feed.choice.neededSize)) } catch {
      status.enter(.unavailable(error))
      loop.logger.error("\(error)")
    }
  }

  private func use(_ source: any FrameSource) {
    feed.source = source
    feed.pool = FramePool(count: Self.poolSize, size: source.frameSize, carriesTruth: source.carriesTruth)
  }

  /// Tells the rest of the daemon what frames come from.
  private func show() {
    guard let source = feed.source else { return }
    status.note(size: source.frameSize, connection: source.connectionDescription)
  }

  // MARK: frames

  private func deliver(_ lease: consuming FrameLease, from source: any FrameSource) {
    count(lease.frame.metadata)
    if status.enter(.streaming) {
      let origin = source.connectionDescription.map { " from " + $0 } ?? ""
      loop.logger.info("frames of \(lease.frame.image.size)\(origin)")
    }
    // The last frame of a lossless source is waited for as well.
    let isPatient = feed.choice.isLossless || trial?.former.choice.isLossless ?? false
    while isPatient && !loop.mailbox.waitUntilTaken(until: nextLook) {
      if loop.stop.isRaised || trial?.ticket.state.isWithdrawn ?? false { return }
    }
    lease.frame.metadata.sourceAttempt = feed.attempt
    loop.mailbox.put(lease)
  }

  private func count(_ metadata: FrameMetadata) {
    let missed = outage?.framesMissed(until: metadata.captureTime) ?? 0
    outage = nil
    feed.lastCaptureTime = metadata.captureTime
    status.frames.add()
    status.lost.add(max(metadata.lostBefore, missed))
  }

  private func deliverOdometry(of source: any FrameSource, upTo time: MonotonicTime) {
    // What a source on trial carries is used when it stays: until then it keeps it.
    guard trial == nil else { return }
    let samples = source.takeOdometry(upTo: time)
    guard loop.channels.usesSourceOdometry.isOn else { return }
    for sample in samples { loop.useOdometry(sample) }
  }

  /// Handles everything that is not a frame.
  private func handle(_ outcome: FrameOutcome) {
    switch outcome {
    case .frame, .timeout:
      break
    case .reconfigured:
      feed.source.map(use)
      show()
    case .corrupt(let error):
      status.corrupt.add()
      loop.logger.debug("\(error)")
    case .unavailable(let error):
      if status.enter(.unavailable(error)) { loop.logger.warning("\(error)") }
    case .ended:
      feed.source = nil
      feed.pool = nil
      feed.hasEnded = true
      status.enter(.ended)
      loop.logger.info("the recording has ended")
    }
  }
}

// MARK: the trial of another source

extension CaptureWorker {
  /// Tries another source: the former one waits, ready to come back.
  private func begin(_ change: SourceChange) {
    settleTrial()
    guard change.ticket.state == .sourceOnTrial else { return }
    let choice = change.source
    outage = CaptureOutage(of: feed, state: status.state)
    // A device cannot be opened twice; everything else stays open.
    if choice.isDevice && feed.choice.isDevice {
      feed.source = nil
      feed.pool = nil
    }
    trial = SourceTrial(
      ticket: change.ticket, deadline: MonotonicTime.now() + choice.firstFramePatienceNanoseconds,
      former: feed, formerState: status.state)
    // While nothing can be published the watchdog must not expect it.
    status.enter(.starting)
    feed = CaptureFeed(choice: choice, attempt: change.attempt)
    do { use(try choice.open(choice.neededSize)) } catch {
      _ = change.ticket.withdraw(error.description)
    }
  }

  /// Ends the trial when its time is up or when the others have decided.
  private func settleTrial() {
    guard let trial else { return }
    switch trial.ticket.state {
    case .sourceOnTrial:
      guard MonotonicTime.now() >= trial.deadline else { return }
      let seconds = Double(feed.choice.firstFramePatienceNanoseconds) * 1e-9
      let fault = trial.lastFault.map { ": \($0)" } ?? ""
      let reason = "the new source delivered no frame within \((seconds * 10).rounded() / 10) s\(fault)"
      _ = trial.ticket.withdraw(reason)
      goBack()
    case .ready, .claimed: return
    case .withdrawn: goBack()
    case .done: self.trial = nil
    }
  }

  /// Whether an outcome counts: of a source on trial only a first frame does, and that ends it.
  ///
  /// What is refused here goes with the next turn, when nobody holds the source any more.
  private func isTrusted(_ outcome: FrameOutcome) -> Bool {
    guard let ticket = trial?.ticket else { return true }
    let state = ticket.state
    guard state == .sourceOnTrial else { return !state.isWithdrawn }
    switch outcome {
    case .frame:
      guard ticket.sourceStands() else { return false }
      show()
      return true
    case .timeout: break
    case .reconfigured: feed.source.map(use)
    case .corrupt(let error): trial?.lastFault = error
    case .unavailable(let error): _ = ticket.withdraw(error.description)
    case .ended: _ = ticket.withdraw("the new source ended before its first frame")
    }
    return false
  }

  /// Everything as it was before the trial; a recording that had ended stays so.
  private func goBack() {
    guard let trial else { return }
    self.trial = nil
    feed = trial.former
    status.enter(trial.formerState)
    if feed.source == nil, !feed.hasEnded { reopen() }
    show()
  }
}
