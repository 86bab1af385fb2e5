import CPosix
import Glibc
import Platform
package import Quantities

/// Cameras as `/sys/class/video4linux` shows them.
///
/// The links under `/dev/v4l/by-id` can be missing after a hub has re-enumerated although the node works, so
/// everything is derived from sysfs itself.
package final class LinuxCameraCatalog: CameraCatalog {
  private let systemRoot: String
  private let deviceDirectory: String
  /// An inotify descriptor; -1 when the system has none left, then only time passes.
  private let watch: FileDescriptor

  /// - Parameters:
  ///   - systemRoot: where sysfs is mounted.
  ///   - deviceDirectory: where device nodes appear.
  package init(systemRoot: String = "/sys", deviceDirectory: String = "/dev") {
    self.systemRoot = systemRoot
    self.deviceDirectory = deviceDirectory
    let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    watch = FileDescriptor(adopting: descriptor)
    // A node is created first and made accessible later: both matter.
    inotify_add_watch(descriptor, deviceDirectory, UInt32(IN_CREATE | IN_ATTRIB | IN_DELETE))
  }

  package func nodes() -> [CameraNode] {
    let base = systemRoot + "/class/video4linux"
    return (FolderNames.list(base) ?? []).filter { $0.hasPrefix("video") }.map { entry in
      let folder = base + "/" + entry
      let device = realPath(folder + "/device") ?? ""
      return CameraNode(
        path: deviceDirectory + "/" + entry, name: text(folder + "/name"),
        index: Int(text(folder + "/index")) ?? 0, location: location(of: device),
        usb: usbDevice(above: device))
    }
    .sorted { $0.number < $1.number }
  }

  package func resolve(_ path: String) -> String? { realPath(path) }

  package func waitForChange(until deadline: MonotonicTime) -> Bool {
    let milliseconds = max(0, (deadline - .now() + 999_999) / 1_000_000)
    guard watch.raw >= 0 else {
      usleep(UInt32(min(milliseconds, 1000) * 1000))
      return false
    }
    var request = pollfd(fd: watch.raw, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, Int32(min(milliseconds, 60_000))) > 0 else { return false }
    // What happened does not matter: the caller looks at everything again.
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      while read(watch.raw, buffer.baseAddress, buffer.count) > 0 {}
    }
    return true
  }

  /// Climbs from an interface folder to the USB device folder that holds it.
  private func usbDevice(above device: String) -> CameraNode.USB? {
    var folder = device
    while folder.utf8.count > systemRoot.utf8.count {
      let vendor = text(folder + "/idVendor")
      if !vendor.isEmpty {
        return CameraNode.USB(
          vendor: vendor, product: text(folder + "/idProduct"), serial: text(folder + "/serial"),
          port: lastComponent(folder), megabitsPerSecond: Int(text(folder + "/speed")) ?? 0)
      }
      guard let slash = folder.lastIndex(of: "/") else { return nil }
      folder = String(folder[..<slash])
    }
    return nil
  }

  private func location(of device: String) -> String {
    guard let range = device.range(ofText: "/devices/") else { return device }
    return String(device[range.upperBound...])
  }

  private func lastComponent(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  /// The contents of a small attribute file without surrounding white space; empty when unreadable.
  private func text(_ path: String) -> String {
    guard let file = try? FileDescriptor(path: path, flags: O_RDONLY) else { return "" }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(file.raw, &bytes, bytes.count)
    guard count > 0 else { return "" }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

extension String {
  /// The first place where `text` occurs.
  fileprivate func range(ofText text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      formIndex(after: &start)
    }
    return nil
  }
}
