/// One attached camera with all it offers; for people choosing settings.
public struct CameraDescription: Sendable {
  public var node: CameraNode
  public var card: String
  public var driver: String
  public var busInfo: String
  public var formats: [OfferedFormat]
  public var controls: [CameraControl]

  package init(
    node: CameraNode, card: String, driver: String, busInfo: String, formats: [OfferedFormat],
    controls: [CameraControl]
  ) {
    self.node = node
    self.card = card
    self.driver = driver
    self.busInfo = busInfo
    self.formats = formats
    self.controls = controls
  }
}

/// Lists the attached cameras.
public enum CameraInventory {
  /// Every node with the camera behind it, or why it could not be opened.
  ///
  /// Nodes that are not for capture are left out.
  public static func list() -> [(node: CameraNode, result: Result<CameraDescription, CaptureError>)] {
    list(kernel: LinuxV4L2Kernel(), catalog: LinuxCameraCatalog())
  }

  /// Whether the selected camera is there, may be opened and offers the format; it is not disturbed if it streams.
  ///
  /// - Throws: the camera's fault.
  public static func check(
    _ selector: CameraSelector, format: FormatPreference
  ) throws(CaptureError) {
    try check(selector, format: format, kernel: LinuxV4L2Kernel(), catalog: LinuxCameraCatalog())
  }

  package static func check(
    _ selector: CameraSelector, format: FormatPreference, kernel: any V4L2Kernel, catalog: any CameraCatalog
  ) throws(CaptureError) {
    let node = try catalog.find(selector)
    let device = try V4L2Device(node.path, kernel: kernel)
    guard case .fixed(let wanted) = format else { return }
    let offered = device.offeredFormats().map(\.pixelFormat)
    guard offered.contains(wanted) else {
      throw .camera(
        .unusableFormat(path: node.path, wanted: "\(wanted)", offered: offered.map { "\($0)" }))
    }
  }

  package static func list(
    kernel: any V4L2Kernel, catalog: any CameraCatalog
  ) -> [(node: CameraNode, result: Result<CameraDescription, CaptureError>)] {
    var cameras: [(node: CameraNode, result: Result<CameraDescription, CaptureError>)] = []
    for node in catalog.nodes() {
      do throws(CaptureError) {
        let device = try V4L2Device(node.path, kernel: kernel)
        let description = CameraDescription(
          node: node, card: device.card, driver: device.driver, busInfo: device.busInfo,
          formats: device.offeredFormats(), controls: device.controls())
        cameras.append((node, .success(description)))
      } catch {
        if case .camera(.notACamera) = error { continue }
        cameras.append((node, .failure(error)))
      }
    }
    return cameras
  }
}
