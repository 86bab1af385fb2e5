import CV4L2
import Glibc
import Platform
import Quantities

/// One open capture device: requests in, values or a `CameraFault` out.
///
/// Closes itself.
package final class V4L2Device {
  package let path: String
  /// The driver's name of the camera.
  package let card: String
  package let driver: String
  package let busInfo: String
  let kernel: any V4L2Kernel
  let descriptor: Int32

  /// Opens a node and checks that it captures video into mapped memory.
  /// - Throws: `.camera` with `.noPermission`, `.busy`, `.lost`, `.notACamera` or `.system`.
  package init(_ path: String, kernel: any V4L2Kernel) throws(CaptureError) {
    let descriptor: Int32
    do { descriptor = try kernel.open(path) } catch {
      throw .camera(Self.fault(error, path: path, operation: "open"))
    }
    var capability = v4l2_capability()
    let code = withUnsafeMutablePointer(to: &capability) {
      kernel.perform(.queryCapabilities, on: descriptor, $0)
    }
    if let reason = Self.objection(capability, code) {
      kernel.close(descriptor)
      throw .camera(.notACamera(path: path, reason: reason))
    }
    self.path = path
    self.kernel = kernel
    self.descriptor = descriptor
    card = string(&capability.card)
    driver = string(&capability.driver)
    busInfo = string(&capability.bus_info)
  }

  deinit {
    kernel.close(descriptor)
  }

  /// Performs a request; returns 0 or an errno value.
  ///
  /// Does not allocate.
  func perform<Argument>(_ request: V4L2Request, _ argument: inout Argument) -> Int32 {
    withUnsafeMutablePointer(to: &argument) { kernel.perform(request, on: descriptor, $0) }
  }

  /// Performs a request that is expected to work.
  func require<Argument>(_ request: V4L2Request, _ argument: inout Argument) throws(CaptureError) {
    let code = perform(request, &argument)
    guard code == 0 else {
      throw .camera(Self.fault(SystemErrno(code), path: path, operation: request.rawValue))
    }
  }

  /// Why a device with these capabilities is of no use; nil when it is.
  private static func objection(_ capability: v4l2_capability, _ code: Int32) -> String? {
    guard code == 0 else { return "it answers no capability query (\(SystemErrno(code)))" }
    // `capabilities` describes the whole camera; what this very node does is in `device_caps`.
    let abilities =
      capability.capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0
      ? capability.device_caps : capability.capabilities
    if abilities & UInt32(V4L2_CAP_VIDEO_CAPTURE) == 0 {
      return abilities & UInt32(V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0
        ? "it has the multi-planar interface only" : "this node captures no pictures (metadata or output)"
    }
    return abilities & UInt32(V4L2_CAP_STREAMING) == 0 ? "it cannot stream" : nil
  }

  /// The meaning of an errno value that any request may return.
  static func fault(_ code: SystemErrno, path: String, operation: String) -> CameraFault {
    switch code.code {
    case EACCES, EPERM: .noPermission(path: path)
    case EBUSY: .busy(path: path)
    case ENOENT where operation == "open", ENODEV, ENOLINK, EPIPE, ENXIO: .lost(path: path, code)
    default: .system(path: path, operation: operation, code)
    }
  }

  /// Whether an errno value means that the camera is gone.
  static func meansLost(_ code: Int32) -> Bool { [ENODEV, ENOLINK, EPIPE, ENXIO].contains(code) }
}

/// The text in a fixed array of characters, up to its zero.
func string<Characters>(_ characters: inout Characters) -> String {
  withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
