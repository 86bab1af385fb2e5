import Capture
import ImageBuffers
import Logging
import Odometry
import Platform
import Quantities

/// The capture thread: frames from a source into the mailbox, newest wins.
///
/// It owns the source and the frame pool. What wakes it: the source's own wait, at most `patience` long. What stops
/// it: the flag. What it drops: nothing itself; the mailbox displaces a frame nobody took.
struct CaptureLoop: Sendable {
  let firstSource: SourceChoice
  let deliversOdometry: Bool
  let mailbox: Mailbox<FrameLease>
  let channels: ReloadChannels
  let odometry: OdometryInbox
  let stop: StopFlag
  let logger: Logger

  /// Longest wait before the stop flag is looked at again.
  static let patienceNanoseconds: Int64 = 200_000_000

  func run() {
    defer { mailbox.close() }
    let worker = CaptureWorker(loop: self)
    while !stop.isRaised { worker.turn() }
  }
}

/// The capture thread's own state: lives and dies on it.
private final class CaptureWorker {
  /// One frame being filled, one in the mailbox, one being processed, one spare.
  private static let poolSize = 4

  private let loop: CaptureLoop
  private let status: CaptureStatus
  private var choice: SourceChoice
  private var deliversOdometry: Bool
  private var generation: UInt64 = 0
  /// Nil before it is opened, and after a recording has ended.
  private var source: (any FrameSource)?
  private var pool: FramePool?
  /// What a change of the source goes back to if the new one does not deliver.
  private var fallback: (choice: SourceChoice, generation: UInt64)?

  init(loop: CaptureLoop) {
    self.loop = loop
    status = loop.channels.capture
    choice = loop.firstSource
    deliversOdometry = loop.deliversOdometry
    open()
  }

  /// One frame, or one wait without one.
  func turn() {
    if let change = loop.channels.captureChanges.takeNow() { apply(change) }
    guard let source, let pool else {
      if let change = loop.channels.captureChanges.take(until: deadline) { apply(change) }
      return
    }
    guard var lease = pool.lease() else {
      // Every frame is lent only while perception holds its frame and a displaced one is on its way back.
      _ = loop.mailbox.waitUntilTaken(until: MonotonicTime.now() + 1_000_000)
      return
    }
    let outcome = source.next(into: &lease, until: deadline)
    deliverOdometry(of: source)
    guard stands(outcome) else { return }
    if case .frame = outcome { deliver(lease, from: source) } else { handle(outcome) }
  }

  private var deadline: MonotonicTime { MonotonicTime.now() + CaptureLoop.patienceNanoseconds }

  // MARK: the source

  private func open() {
    do { use(try choice.open(choice.neededSize)) } catch {
      source = nil
      status.enter(.unavailable(error))
      loop.logger.error("\(error)")
    }
  }

  private func use(_ opened: any FrameSource) {
    source = opened
    pool = makePool(for: opened)
  }

  private func makePool(for source: any FrameSource) -> FramePool {
    status.note(size: source.frameSize, connection: source.connectionDescription)
    return FramePool(count: Self.poolSize, size: source.frameSize, carriesTruth: source.carriesTruth)
  }

  private func apply(_ change: CaptureChange) {
    deliversOdometry = change.deliversOdometry
    guard let new = change.source else {
      loop.channels.captureOutcomes.put(ChangeOutcome())
      return
    }
    do {
      // A device cannot be opened twice; everything else is opened beside the running one.
      if new.isExclusive { source = nil }
      let opened = try new.open(new.neededSize)
      fallback = (choice, generation)
      choice = new
      generation = change.generation
      use(opened)
      status.enter(.starting)
    } catch {
      if source == nil { open() }
      loop.channels.captureOutcomes.put(ChangeOutcome(failure: error.description))
    }
  }

  /// The first outcome of a new source decides whether it stays; false when the former one is back.
  private func stands(_ outcome: FrameOutcome) -> Bool {
    guard let former = fallback else { return true }
    fallback = nil
    guard case .unavailable(let error) = outcome else {
      status.note(sourceGeneration: generation)
      loop.channels.captureOutcomes.put(ChangeOutcome())
      return true
    }
    source = nil
    choice = former.choice
    generation = former.generation
    open()
    loop.channels.captureOutcomes.put(ChangeOutcome(failure: error.description))
    return false
  }

  // MARK: frames

  private func deliver(_ lease: consuming FrameLease, from source: any FrameSource) {
    status.frames.add()
    status.lost.add(lease.frame.metadata.lostBefore)
    if status.enter(.streaming) {
      let origin = source.connectionDescription.map { " from " + $0 } ?? ""
      loop.logger.info("frames of \(lease.frame.image.size)\(origin)")
    }
    while choice.isLossless && !loop.stop.isRaised {
      if loop.mailbox.waitUntilTaken(until: deadline) { break }
    }
    lease.frame.metadata.sourceGeneration = generation
    loop.mailbox.put(lease)
  }

  private func deliverOdometry(of source: any FrameSource) {
    guard deliversOdometry else { return }
    for sample in source.takeOdometry(upTo: MonotonicTime.now()) { loop.odometry.add(sample) }
  }

  /// Handles everything that is not a frame.
  private func handle(_ outcome: FrameOutcome) {
    switch outcome {
    case .frame, .timeout:
      break
    case .reconfigured:
      pool = source.map(makePool)
    case .corrupt(let error):
      status.corrupt.add()
      loop.logger.debug("\(error)")
    case .unavailable(let error):
      if status.enter(.unavailable(error)) { loop.logger.warning("\(error)") }
    case .ended:
      source = nil
      status.enter(.ended)
      loop.logger.info("the recording has ended")
    }
  }
}
