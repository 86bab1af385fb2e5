import Capture
import Glibc
import Platform
import Quantities
import Testing

/// A sysfs of two cameras in a temporary folder.
@Suite final class CatalogTests {
  let root: String
  private var made: [String] = []

  init() throws {
    var template = Array("/tmp/depthd-sysfs-XXXXXX".utf8CString)
    root = String(cString: try #require(mkdtemp(&template)))
    let port = "devices/pci0/usb1/1-2/1-2.3"
    try write("\(port)/idVendor", "046d\n")
    try write("\(port)/idProduct", "0825\n")
    try write("\(port)/serial", "ABC 1\n")
    try write("\(port)/speed", "480\n")
    try node("video10", in: "devices/platform/vivid.0", name: "vivid-000-vid-cap", index: "0")
    try node("video2", in: "\(port)/1-2.3:1.0", name: "Webcam: C270", index: "0")
    try node("video3", in: "\(port)/1-2.3:1.0", name: "Webcam: C270", index: "1")
  }

  deinit {
    // Only files, links and empty folders made above: deepest first.
    for path in made.reversed() { remove(path) }
    remove(root)
  }

  @Test func `USB facts are read from the device above the interface`() {
    let nodes = LinuxCameraCatalog(systemRoot: root, deviceDirectory: root).nodes()
    #expect(nodes.map(\.path) == ["video2", "video3", "video10"].map { "\(root)/\($0)" })
    #expect(
      nodes[0].usb
        == CameraNode.USB(
          vendor: "046d", product: "0825", serial: "ABC 1", port: "1-2.3", megabitsPerSecond: 480))
    #expect(nodes[0].name == "Webcam: C270")
    #expect(nodes[1].index == 1)
    #expect(nodes[2].usb == nil)
    #expect(nodes[2].identity == .device(name: "vivid-000-vid-cap", location: "platform/vivid.0"))
  }

  @Test func `a new node ends the wait`() throws {
    let catalog = LinuxCameraCatalog(systemRoot: root, deviceDirectory: root)
    #expect(!catalog.waitForChange(until: .now() + 10_000_000))
    try write("video7", "")
    #expect(catalog.waitForChange(until: .now() + 60_000_000_000))
  }

  private func node(_ entry: String, in device: String, name: String, index: String) throws {
    try write("\(device)/video4linux/\(entry)/name", name + "\n")
    try write("\(device)/video4linux/\(entry)/index", index + "\n")
    makeFolders("class/video4linux/\(entry)/x")
    for file in ["name", "index"] {
      link("class/video4linux/\(entry)/\(file)", to: "\(device)/video4linux/\(entry)/\(file)")
    }
    link("class/video4linux/\(entry)/device", to: device)
  }

  private func link(_ path: String, to target: String) {
    symlink("\(root)/\(target)", "\(root)/\(path)")
    made.append("\(root)/\(path)")
  }

  private func write(_ path: String, _ text: String) throws {
    makeFolders(path)
    let file = try #require(fopen("\(root)/\(path)", "w"))
    fputs(text, file)
    fclose(file)
    made.append("\(root)/\(path)")
  }

  private func makeFolders(_ path: String) {
    var folder = root
    for part in path.split(separator: "/").dropLast() {
      folder += "/" + part
      if mkdir(folder, 0o755) == 0 { made.append(folder) }
    }
  }
}
