import Capture
package import Quantities

/// What the capture thread does between two frames: tries another source.
package struct SourceChange: Sendable {
  package let ticket: ChangeTicket
  /// Number of the attempt; in every frame the new source delivers.
  package let attempt: UInt64
  /// The source that takes the present one's place.
  package let source: SourceChoice

  package init(ticket: ChangeTicket, attempt: UInt64, source: SourceChoice) {
    self.ticket = ticket
    self.attempt = attempt
    self.source = source
  }
}

/// A source and how it is played.
package struct SourceChoice: Sendable {
  package var open: DaemonSettings.SourceOpener
  /// Frames need not be larger than this; nil = as large as they come.
  package var neededSize: ImageSize?
  /// Every frame is processed, at perception's pace.
  package var isLossless: Bool
  /// Whether two of this kind may be one device, so that the old one must be closed before the new one is opened.
  package var isDevice: Bool
  /// A new source that has delivered no frame after this time is given up.
  package var firstFramePatienceNanoseconds: Int64

  package init(
    open: @escaping DaemonSettings.SourceOpener, neededSize: ImageSize? = nil, isLossless: Bool = false,
    isDevice: Bool = false, firstFramePatienceNanoseconds: Int64
  ) {
    self.open = open
    self.neededSize = neededSize
    self.isLossless = isLossless
    self.isDevice = isDevice
    self.firstFramePatienceNanoseconds = firstFramePatienceNanoseconds
  }

  /// How long the first frame may take.
  ///
  /// - Parameters:
  ///   - rateHz: of the source; 0 = unknown.
  ///   - discardedFrames: that it throws away first.
  static func firstFramePatience(rateHz: Double, discardedFrames: Int) -> Int64 {
    // Opening a camera and starting its stream takes up to two seconds.
    let opening = 3.0
    let periods = rateHz > 0 ? Double(discardedFrames + 3) / rateHz : 0
    return Int64((opening + periods) * 1e9)
  }
}
