import Capture
import Drive
import Glibc
import ImageBuffers
import Platform
import Quantities
import Testing

/// Plays every drive folder found under DEPTHD_DATA, or under ../shared/data beside the checkout.
@Suite struct RealDriveTests {
  static let drives: [String] = {
    let root = getenv("DEPTHD_DATA").map { String(cString: $0) } ?? "../shared/data"
    return (FolderNames.list(root) ?? []).map { "\(root)/\($0)" }
      .filter { access($0 + "/drive.toml", R_OK) == 0 }.sorted()
  }()

  @Test(.enabled(if: !drives.isEmpty, "no recordings: set DEPTHD_DATA"), arguments: drives)
  func `a real recording plays from end to end`(directory: String) throws {
    var playback = DriveSource.Playback()
    playback.isPaced = false
    let start = MonotonicTime.now()
    let source = try DriveSource(directory: directory, playback: playback, start: start)
    let pool = FramePool(count: 1, size: source.frameSize, carriesTruth: source.carriesTruth)
    var lease = try lent(by: pool)
    var count = 0
    var last = start + -1
    play: while true {
      switch source.next(into: &lease, until: .now() + 1_000_000_000) {
      case .frame:
        count += 1
        #expect(lease.frame.metadata.captureTime > last)
        last = lease.frame.metadata.captureTime
      case .ended: break play
      case let other:
        Issue.record("frame \(count): \(other)")
        break play
      }
    }
    #expect(count == source.drive.manifest.frameCount)
    #expect(source.takeOdometry(upTo: last + 1_000_000_000).count == source.drive.odometry.count)
  }
}
