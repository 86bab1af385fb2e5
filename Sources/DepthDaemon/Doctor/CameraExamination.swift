public import Capture
public import Configuration
import Decoding
import Glibc
public import Health
import Quantities

/// What can be found wrong with the configured camera without the daemon: pure on what it is given.
public struct CameraExamination {
  /// An attached camera as a program without the daemon's rights sees it.
  public struct Attached {
    public var node: CameraNode
    public var result: Result<CameraDescription, CaptureError>
    /// Who has the node open, the daemon itself left out.
    public var holders: [DeviceHolders.Process]
    public var hiddenCount: Int

    public init(
      node: CameraNode, result: Result<CameraDescription, CaptureError>, holders: [DeviceHolders.Process],
      hiddenCount: Int
    ) {
      self.node = node
      self.result = result
      self.holders = holders
      self.hiddenCount = hiddenCount
    }
  }

  private let camera: Configuration.Camera

  public init(_ camera: Configuration.Camera) {
    self.camera = camera
  }

  /// Whether the source is a live camera at all.
  public var isLive: Bool {
    switch camera.source {
    case .v4l2First, .v4l2Device, .v4l2Serial, .v4l2USBPort: true
    case .drive, .simulation: false
    }
  }

  /// Everything found, worst things first in the order of causes; empty = nothing wrong.
  ///
  /// - Parameter isDriverLoaded: whether the kernel's USB video driver is there.
  public func findings(_ attached: [Attached], isDriverLoaded: Bool) -> [Finding] {
    guard isLive else { return [] }
    guard !attached.isEmpty else {
      return [Finding(.cameraAbsent, "no camera is attached")]
        + (isDriverLoaded ? [] : [Finding(.cameraDriverMissing)])
    }
    let fitting = attached.filter { fits($0.node) }
    guard let chosen = fitting.first else {
      let paths = attached.map { "\($0.node.path) (\($0.node.name))" }.joined(separator: ", ")
      return [
        Finding(
          .cameraAbsent,
          "no attached camera fits \(camera.source.configurationText); attached: \(paths)")
      ]
    }
    if case .v4l2First = camera.source {
    } else if fitting.count > 1 {
      let paths = fitting.map(\.node.path).joined(separator: ", ")
      return [Finding(.cameraAmbiguous, "\(paths) all fit \(camera.source.configurationText)")]
    }
    return examine(chosen)
  }

  private func fits(_ node: CameraNode) -> Bool {
    switch camera.source {
    case .v4l2First: return true
    case .v4l2Device(let path): return path == node.path || Self.realPath(path) == node.path
    case .v4l2Serial(let serial): return node.usb?.serial == serial
    case .v4l2USBPort(let port): return node.usb?.port == port
    case .drive, .simulation: return false
    }
  }

  private func examine(_ attached: Attached) -> [Finding] {
    var findings: [Finding] = []
    if !attached.holders.isEmpty {
      let names = attached.holders.map(\.text).joined(separator: ", ")
      findings.append(Finding(.cameraBusy, "\(attached.node.path) is open in \(names)"))
    }
    switch attached.result {
    case .failure(.camera(.busy)) where !findings.isEmpty:
      break
    case .failure(let error):
      var fault = Finding(error)
      if fault.code == .cameraBusy, attached.hiddenCount > 0 {
        fault.text += "; \(attached.hiddenCount) processes of other users cannot be looked into"
      }
      findings.append(fault)
    case .success(let description):
      if let fault = formatFault(description) { findings.append(fault) }
      if let fault = linkFault(attached.node, description) { findings.append(fault) }
    }
    return findings
  }

  private func formatFault(_ description: CameraDescription) -> Finding? {
    guard case .fourCC(let code) = camera.format, let wanted = PixelFormat(code) else { return nil }
    guard let offer = description.formats.first(where: { $0.pixelFormat == wanted }) else {
      let offered = description.formats.map { "\($0.pixelFormat)" }.joined(separator: ", ")
      return Finding(.cameraWrongFormat, "camera.format is \(wanted); the camera offers \(offered)")
    }
    guard offer.modes.isEmpty || offer.modes.contains(where: { $0.contains(camera.size) }) else {
      let sizes = offer.modes.map { "\($0.size)" }.joined(separator: ", ")
      return Finding(.cameraWrongFormat, "\(wanted) is offered at \(sizes), not at \(camera.size)")
    }
    return nil
  }

  /// Whether the bus carries what would be chosen.
  private func linkFault(_ node: CameraNode, _ description: CameraDescription) -> Finding? {
    guard let bytes = node.busBytesPerSecond else { return nil }
    let isCompressed: Bool
    switch camera.format {
    case .fourCC(let code): isCompressed = PixelFormat(code)?.isCompressed ?? false
    case .automatic: isCompressed = description.formats.contains { $0.pixelFormat.isCompressed }
    }
    let needed = Double(camera.size.pixelCount) * 2 * camera.rateHz
    guard !isCompressed, needed > bytes else { return nil }
    return Finding(
      .cameraSlowLink,
      "\(camera.size) at \(camera.rateHz) Hz needs \(Int(needed / 1e6)) MB/s uncompressed; "
        + "\(node.path) hangs on a link that carries \(Int(bytes / 1e6))")
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
