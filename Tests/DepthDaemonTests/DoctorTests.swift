import Capture
import Configuration
import Decoding
import DepthDaemon
import Foundation
import Health
import Quantities
import TestSupport
import Testing

@Suite struct CameraExaminationTests {
  private func camera(_ source: CameraSource, format: PixelFormatSetting = .automatic) -> Configuration.Camera
  {
    var camera = Configuration().camera
    camera.source = source
    camera.format = format
    return camera
  }

  private func node(_ number: Int, megabits: Int = 480, serial: String = "8B1F") -> CameraNode {
    CameraNode(
      path: "/dev/video\(number)", name: "C920", index: 0, location: "pci",
      usb: CameraNode.USB(
        vendor: "046d", product: "082d", serial: serial, port: "1-2.\(number)", megabitsPerSecond: megabits))
  }

  private func attached(
    _ node: CameraNode, formats: [PixelFormat] = [.yuyv, .mjpg], holders: [DeviceHolders.Process] = [],
    hiddenCount: Int = 0, fault: CameraFault? = nil
  ) -> CameraExamination.Attached {
    let offers = formats.map {
      OfferedFormat(
        pixelFormat: $0, name: "\($0)",
        modes: [OfferedMode(size: ImageSize(width: 640, height: 480), ratesHz: [30])])
    }
    let description = CameraDescription(
      node: node, card: "C920", driver: "uvcvideo", busInfo: "usb", formats: offers, controls: [])
    return CameraExamination.Attached(
      node: node, result: fault.map { .failure(.camera($0)) } ?? .success(description), holders: holders,
      hiddenCount: hiddenCount)
  }

  private func codes(
    _ camera: Configuration.Camera, _ attached: [CameraExamination.Attached], isDriverLoaded: Bool = true
  ) -> [DiagnosticCode] {
    CameraExamination(camera).findings(attached, isDriverLoaded: isDriverLoaded).map(\.code)
  }

  @Test func `a camera that fits and is free is well`() {
    #expect(codes(camera(.v4l2First), [attached(node(0))]).isEmpty)
    #expect(codes(camera(.v4l2Serial("8B1F")), [attached(node(1))]).isEmpty)
    #expect(codes(camera(.v4l2USBPort("1-2.1")), [attached(node(0)), attached(node(1))]).isEmpty)
  }

  @Test func `no camera, with the driver and without`() {
    #expect(codes(camera(.v4l2First), []) == [.cameraAbsent])
    #expect(codes(camera(.v4l2First), [], isDriverLoaded: false) == [.cameraAbsent, .cameraDriverMissing])
  }

  @Test func `another camera than the configured one is named`() throws {
    let findings = CameraExamination(camera(.v4l2Serial("other"))).findings(
      [attached(node(0))], isDriverLoaded: true)
    #expect(findings.map(\.code) == [.cameraAbsent])
    #expect(findings.first?.text.contains("/dev/video0") == true)
  }

  @Test func `two cameras of one serial number are ambiguous`() {
    #expect(codes(camera(.v4l2Serial("8B1F")), [attached(node(0)), attached(node(1))]) == [.cameraAmbiguous])
  }

  @Test func `a busy camera and who has it`() {
    let holder = DeviceHolders.Process(id: 4711, name: "zoom")
    let findings = CameraExamination(camera(.v4l2First)).findings(
      [attached(node(0), holders: [holder])], isDriverLoaded: true)
    #expect(findings.map(\.code) == [.cameraBusy])
    #expect(findings.first?.text == "/dev/video0 is open in zoom (process 4711)")
  }

  @Test func `a busy camera whose holder cannot be seen asks for root`() {
    let fault = CameraFault.busy(path: "/dev/video0")
    let findings = CameraExamination(camera(.v4l2First)).findings(
      [attached(node(0), hiddenCount: 3, fault: fault)], isDriverLoaded: true)
    #expect(findings.map(\.code) == [.cameraBusy])
    #expect(findings.first?.text.contains("3 processes of other users") == true)
  }

  @Test func `a camera that may not be opened`() {
    let fault = CameraFault.noPermission(path: "/dev/video0")
    #expect(codes(camera(.v4l2First), [attached(node(0), fault: fault)]) == [.cameraForbidden])
  }

  @Test func `a format or size that is not offered`() {
    #expect(codes(camera(.v4l2First, format: .fourCC("NV12")), [attached(node(0))]) == [.cameraWrongFormat])
    var large = camera(.v4l2First, format: .fourCC("YUYV"))
    (large.width, large.height) = (1920, 1080)
    #expect(codes(large, [attached(node(0))]).contains(.cameraWrongFormat))
  }

  @Test func `a link that is too slow for uncompressed frames`() {
    let slow = attached(node(0, megabits: 12), formats: [.yuyv])
    #expect(codes(camera(.v4l2First), [slow]) == [.cameraSlowLink])
    #expect(codes(camera(.v4l2First), [attached(node(0, megabits: 12))]).isEmpty)
  }

  @Test func `recordings and the simulator need no camera`() {
    #expect(codes(camera(.simulation(world: "street")), []).isEmpty)
  }
}

@Suite struct DeviceHoldersTests {
  /// A folder that looks like /proc: process numbers with a name and open files; nil = may not be looked into.
  private func processes(_ open: [(id: Int, name: String, files: [String])]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for process in open {
      let own = folder.file("\(process.id)")
      try FileManager.default.createDirectory(atPath: own + "/fd", withIntermediateDirectories: true)
      try (process.name + "\n").write(toFile: own + "/comm", atomically: true, encoding: .utf8)
      for (index, file) in process.files.enumerated() {
        try FileManager.default.createSymbolicLink(atPath: own + "/fd/\(index)", withDestinationPath: file)
      }
    }
    return folder
  }

  @Test func `the processes that have the device open are named`() throws {
    let folder = try processes([
      (1, "systemd", ["/dev/null"]), (42, "zoom", ["/dev/null", "/dev/video0"]),
      (7, "cheese", ["/dev/video0"]),
    ])
    try FileManager.default.createDirectory(atPath: folder.file("self"), withIntermediateDirectories: true)
    let holders = DeviceHolders(of: "/dev/video0", processFolder: folder.path)
    #expect(holders.processes.map(\.name) == ["cheese", "zoom"])
    #expect(holders.hiddenCount == 0)
  }

  @Test func `processes that may not be looked into are counted`() throws {
    let folder = try processes([(42, "zoom", [])])
    try FileManager.default.createDirectory(atPath: folder.file("99"), withIntermediateDirectories: true)
    #expect(DeviceHolders(of: "/dev/video0", processFolder: folder.path).hiddenCount == 1)
  }

  @Test func `this very process is found`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("device")
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let file = try #require(FileHandle(forReadingAtPath: path))
    #expect(
      DeviceHolders(of: path).processes.map(\.id).contains(Int(ProcessInfo.processInfo.processIdentifier)))
    try file.close()
  }
}
