/// One `/dev/videoN` node and the hardware behind it, as sysfs describes it.
public struct CameraNode: Hashable, Sendable, Codable {
  /// USB facts of the device behind a node.
  public struct USB: Hashable, Sendable, Codable {
    /// Four hexadecimal digits.
    public var vendor: String
    public var product: String
    /// Empty when the camera has none.
    public var serial: String
    /// The kernel's name of the port, for example `1-2.3`.
    public var port: String
    /// Bus speed, Mbit/s; 0 = unknown.
    public var megabitsPerSecond: Int

    public init(vendor: String, product: String, serial: String, port: String, megabitsPerSecond: Int) {
      self.vendor = vendor
      self.product = product
      self.serial = serial
      self.port = port
      self.megabitsPerSecond = megabitsPerSecond
    }
  }

  public var path: String
  /// The driver's name of the camera.
  public var name: String
  /// Which of the device's nodes this is; the first, 0, captures pictures on USB cameras.
  public var index: Int
  /// Where the device sits on its bus, for devices that are not USB; from sysfs.
  public var location: String
  public var usb: USB?

  public init(path: String, name: String, index: Int, location: String, usb: USB?) {
    self.path = path
    self.name = name
    self.index = index
    self.location = location
    self.usb = usb
  }

  public var identity: CameraIdentity {
    guard let usb else { return .device(name: name, location: location) }
    return usb.serial.isEmpty
      ? .port(vendor: usb.vendor, product: usb.product, port: usb.port)
      : .serial(vendor: usb.vendor, product: usb.product, serial: usb.serial)
  }

  /// Number behind `/dev/video`, for a stable order.
  var number: Int {
    Int(String(path.reversed().prefix { $0.isNumber }.reversed())) ?? .max
  }
}

/// What makes a camera the same camera when it is plugged in again.
public enum CameraIdentity: Hashable, Sendable, CustomStringConvertible {
  case serial(vendor: String, product: String, serial: String)
  /// A USB camera without a serial number: the same model in the same socket.
  case port(vendor: String, product: String, port: String)
  /// Not USB: the same driver name at the same place.
  case device(name: String, location: String)

  public var description: String {
    switch self {
    case .serial(let vendor, let product, let serial): "usb \(vendor):\(product) serial \(serial)"
    case .port(let vendor, let product, let port): "usb \(vendor):\(product) at port \(port)"
    case .device(let name, let location): "\(name) at \(location)"
    }
  }
}
