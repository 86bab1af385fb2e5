import Capture
import ImageBuffers
import Quantities

/// What the capture thread reads from: a source, how it is played and the frames it fills.
struct CaptureFeed {
  let choice: SourceChoice
  /// In every frame of it.
  let attempt: UInt64
  /// Nil before it is opened, while it is closed for another one's trial, and after a recording has ended.
  var source: (any FrameSource)?
  var pool: FramePool?
  var hasEnded = false
  /// Of the last frame it delivered.
  var lastCaptureTime: MonotonicTime?
}

/// A new source that has not taken the former one's place for good.
struct SourceTrial {
  let ticket: ChangeTicket
  /// When a first frame must have come.
  let deadline: MonotonicTime
  /// What comes back if the change is withdrawn.
  let former: CaptureFeed
  let formerState: CaptureStatus.State
  /// What the source delivered in place of a frame.
  var lastFault: CaptureError?
}

/// Frames that nobody took while sources were exchanged.
struct CaptureOutage {
  let began: MonotonicTime
  let periodNanoseconds: Double

  /// - Returns: nil when there is nothing to miss: frames did not flow, or have no rate, or wait for us.
  init?(of feed: CaptureFeed, state: CaptureStatus.State) {
    guard state == .streaming, !feed.choice.isLossless, let rate = feed.source?.nominalRateHz, rate > 0,
      let last = feed.lastCaptureTime
    else { return nil }
    began = last
    periodNanoseconds = 1e9 / rate
  }

  /// Frames missing between the last one before and the first one after.
  func framesMissed(until time: MonotonicTime) -> UInt64 {
    let periods = (Double(time - began) / periodNanoseconds).rounded()
    return periods > 1 ? UInt64(periods) - 1 : 0
  }
}
