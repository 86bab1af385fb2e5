public import Decoding
public import Quantities

/// What can be wrong with a live camera.
public enum CameraFault: Error, Equatable, Sendable {
  /// No attached camera fits the selector.
  case absent(selector: String, attached: [String])
  /// More than one attached camera fits.
  case ambiguous(selector: String, candidates: [String])
  /// Another camera than the one this daemon started with.
  case different(wanted: String, found: String)
  /// Another process streams from it; `holders` are those that have it open, as far as they can be seen.
  case busy(path: String, holders: [DeviceHolders.Process] = [])
  case noPermission(path: String)
  /// The node exists but does not capture video to memory.
  case notACamera(path: String, reason: String)
  /// The USB bus cannot carry the stream.
  case noBandwidth(path: String, mode: String)
  case unusableFormat(path: String, wanted: String, offered: [String])
  case unknownControl(name: String, available: [String])
  /// The camera did not take a value, or holds another one after it was set.
  case controlRefused(name: String, wanted: Int, reason: String)
  /// The camera went away.
  case lost(path: String, SystemErrno)
  /// The transfer failed; the stream is started again after a pause.
  case transferFailed(path: String, SystemErrno)
  /// No frame for far longer than the frame period.
  case stalled(path: String, seconds: Int)
  /// The driver itself marked the frame as damaged.
  case damagedFrame(sequence: UInt32)
  /// The frame's byte count is impossible.
  case impossibleLength(bytes: Int, buffer: Int)
  case undecodable(DecodingError)
  /// Any other failing request.
  case system(path: String, operation: String, SystemErrno)

  var severity: ErrorSeverity {
    switch self {
    case .damagedFrame, .impossibleLength: .skip
    case .undecodable(let error): error.severity
    default: .degrade
    }
  }
}

extension CameraFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .absent(let selector, let attached):
      attached.isEmpty
        ? "no camera \"\(selector)\": none is attached; plug one in, or load its driver"
        : "no camera \"\(selector)\"; attached: \(list(attached))"
    case .ambiguous(let selector, let candidates):
      "several cameras fit \"\(selector)\": \(list(candidates)); select one with usb:PORT or a by-path link"
    case .different(let wanted, let found):
      "the camera is now \(found), not \(wanted); plug the old one in, or allow any camera and restart"
    case .busy(let path, let holders):
      holders.isEmpty
        ? "\(path) is in use by another program; `depthctl doctor` run as root names it"
        : "\(path) is in use by \(list(holders.map(\.text))); end it, or choose another camera"
    case .noPermission(let path):
      "\(path) may not be opened; add the user to group \"video\" or install the udev rule"
    case .notACamera(let path, let reason): "\(path) is no video capture device: \(reason)"
    case .noBandwidth(let path, let mode):
      "the USB bus has no room for \(mode) from \(path); lower the rate, use MJPG, or use another hub"
    case .unusableFormat(let path, let wanted, let offered):
      "\(path) does not offer \(wanted); it offers \(list(offered))"
    case .unknownControl(let name, let available):
      "the camera has no control \"\(name)\"; it has \(list(available))"
    case .controlRefused(let name, let wanted, let reason):
      "control \"\(name)\" cannot be set to \(wanted): \(reason)"
    case .lost(let path, let code):
      "\(path) went away (\(code)); waiting for it to come back"
    case .transferFailed(let path, let code):
      "transfer from \(path) failed (\(code)); starting its stream again"
    case .stalled(let path, let seconds):
      "no frame from \(path) for \(seconds) s; starting its stream again"
    case .damagedFrame(let sequence): "the driver marked frame \(sequence) as damaged"
    case .impossibleLength(let bytes, let buffer):
      "the driver reports \(bytes) bytes in a buffer of \(buffer)"
    case .undecodable(let error): error.description
    case .system(let path, let operation, let code): "\(operation) on \(path) failed: \(code)"
    }
  }

  private func list(_ items: [String]) -> String { items.joined(separator: ", ") }
}
