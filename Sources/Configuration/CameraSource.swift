/// Where frames come from.
public enum CameraSource: Hashable, Sendable {
  /// A camera of the kernel, by its device node.
  case v4l2Device(String)
  /// A camera of the kernel, by the serial number it reports; survives other ports and node numbers.
  case v4l2Serial(String)
  /// A camera of the kernel, by the USB port it hangs on (`1-2.3`, as `depthctl devices` prints it).
  case v4l2USBPort(String)
  /// The kernel's first camera.
  case v4l2First
  /// A recording: a drive folder.
  case drive(path: String)
  /// The built-in simulator.
  case simulation(world: String)
}

extension CameraSource: ConfigurationText {
  static let allowed =
    #""sim:WORLD", "drive:PATH", "v4l2:auto", "v4l2:/dev/NODE", "v4l2:serial:SERIAL" or "v4l2:usb:PORT""#

  public init?(configurationText text: String) {
    guard let (scheme, rest) = text.splitOnce(at: ":"), !rest.isEmpty else { return nil }
    switch scheme {
    case "sim": self = .simulation(world: rest)
    case "drive": self = .drive(path: rest)
    case "v4l2":
      guard let camera = Self.camera(rest) else { return nil }
      self = camera
    default: return nil
    }
  }

  private static func camera(_ text: String) -> CameraSource? {
    if text == "auto" { return .v4l2First }
    if text.hasPrefix("/") { return .v4l2Device(text) }
    guard let (kind, value) = text.splitOnce(at: ":"), !value.isEmpty else { return nil }
    switch kind {
    case "serial": return .v4l2Serial(value)
    case "usb": return .v4l2USBPort(value)
    default: return nil
    }
  }

  public var configurationText: String {
    switch self {
    case .v4l2First: "v4l2:auto"
    case .v4l2USBPort(let port): "v4l2:usb:\(port)"
    case .v4l2Device(let device): "v4l2:\(device)"
    case .v4l2Serial(let serial): "v4l2:serial:\(serial)"
    case .drive(let path): "drive:\(path)"
    case .simulation(let world): "sim:\(world)"
    }
  }
}

extension String {
  /// What stands before and after the first separator; nil without one.
  func splitOnce(at separator: Character) -> (String, String)? {
    guard let index = firstIndex(of: separator) else { return nil }
    return (String(self[..<index]), String(self[self.index(after: index)...]))
  }
}
