import CV4L2
import Quantities

/// How long the camera exposes, as its driver says; asked again now and then, because automatic exposure changes it.
struct ExposureTime {
  /// V4L2_CID_EXPOSURE_ABSOLUTE, in units of 100 microseconds.
  /// - Source: linux/v4l2-controls.h, V4L2_CID_CAMERA_CLASS_BASE + 2.
  private static let control: UInt32 = 0x009a_0902
  private static let unitNanoseconds: Int64 = 100_000
  private static let intervalNanoseconds: Int64 = 1_000_000_000

  /// Nil when the camera does not say, or says what cannot be.
  private(set) var nanoseconds: Int64?
  private var lastAsked: MonotonicTime?
  /// A camera that does not know the control is asked once.
  private var isSilent = false

  /// Asks the camera, at most once a second. Does not allocate.
  /// - Parameter rateHz: of the frames, 0 = unknown; no exposure is longer than a frame.
  mutating func refresh(_ device: V4L2Device, rateHz: Double, at now: MonotonicTime) {
    if isSilent { return }
    if let lastAsked, now - lastAsked < Self.intervalNanoseconds { return }
    lastAsked = now
    var argument = v4l2_control(id: Self.control, value: 0)
    guard device.perform(.getControl, &argument) == 0 else {
      isSilent = true
      nanoseconds = nil
      return
    }
    let told = Int64(argument.value) * Self.unitNanoseconds
    let longest = rateHz > 0 ? Int64(1e9 / rateHz) : 1_000_000_000
    nanoseconds = told > 0 && told <= longest ? told : nil
  }
}
