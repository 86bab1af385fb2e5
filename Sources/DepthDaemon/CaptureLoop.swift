package import ImageBuffers
package import Logging
package import Platform
package import Quantities

/// The capture thread: frames from a source into the mailbox, newest wins.
///
/// It owns the source and the frame pool. What wakes it: the source's own wait, at most `patience` long. What stops
/// it: the flag. What it drops: nothing itself; the mailbox displaces a frame nobody took.
package struct CaptureLoop: Sendable {
  let firstSource: SourceChoice
  let mailbox: Mailbox<FrameLease>
  let channels: ReloadChannels
  /// Takes the odometry that the source itself carries.
  let useOdometry: @Sendable (OdometrySample) -> Void
  let stop: StopFlag
  let logger: Logger

  package init(
    firstSource: SourceChoice, mailbox: Mailbox<FrameLease>, channels: ReloadChannels,
    useOdometry: @escaping @Sendable (OdometrySample) -> Void, stop: StopFlag, logger: Logger
  ) {
    self.firstSource = firstSource
    self.mailbox = mailbox
    self.channels = channels
    self.useOdometry = useOdometry
    self.stop = stop
    self.logger = logger
  }

  /// Longest wait before the stop flag is looked at again.
  static let patienceNanoseconds: Int64 = 200_000_000

  package func run() {
    defer { mailbox.close() }
    let worker = CaptureWorker(loop: self)
    while !stop.isRaised { worker.turn() }
  }
}
