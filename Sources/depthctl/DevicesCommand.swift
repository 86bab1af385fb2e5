// `depthctl devices`: the attached cameras and everything one may write about them into config.toml.
import ArgumentParser
import Capture
import Decoding
import Foundation
import Quantities

struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the attached cameras with their formats, sizes, rates and controls.",
    discussion: "Works while the daemon streams. The selectors shown go into camera.source behind \"v4l2:\".")

  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Leave the controls out.") var brief = false

  func run() throws {
    let cameras = CameraInventory.list()
    if json {
      let listing = DeviceListing(cameras: cameras.map { DeviceEntry($0.node, $0.result) })
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(listing), as: UTF8.self))
      return
    }
    if cameras.isEmpty {
      print("no camera is attached, or no driver for it is loaded")
    }
    for (node, result) in cameras { show(node, result) }
  }

  private func show(_ node: CameraNode, _ result: Result<CameraDescription, CaptureError>) {
    print("\(node.path)  \(node.name)")
    print("  identity   \(node.identity)")
    print("  selectors  \(node.selectors.joined(separator: "  "))")
    switch result {
    case .failure(let error): print("  \(error)")
    case .success(let camera):
      print("  driver     \(camera.driver), \(camera.card), \(camera.busInfo)")
      for format in camera.formats { show(format) }
      if !brief { for control in camera.controls where control.kind != .other { show(control) } }
    }
  }

  private func show(_ format: OfferedFormat) {
    print("  format     \(format.pixelFormat)  \(format.name)")
    for mode in format.modes {
      let size = mode.smallest == mode.size ? "\(mode.size)" : "\(mode.smallest) to \(mode.size)"
      let rates = mode.ratesHz.map { String(format: "%g", $0) }.joined(separator: " ")
      print("               \(size)\(rates.isEmpty ? "" : "  at \(rates) Hz")")
    }
  }

  private func show(_ control: CameraControl) {
    let value = control.value.map { " = \($0)" } ?? ""
    var notes = ["\(control.minimum) to \(control.maximum)"]
    if control.step > 1 { notes.append("steps of \(control.step)") }
    notes.append("default \(control.defaultValue)")
    notes += control.choices.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    if control.isInactive { notes.append("held by an automatic mode") }
    if !control.isWritable { notes.append("read-only") }
    let detail = control.kind == .button ? "button" : notes.joined(separator: ", ")
    print("  control    \(control.name)\(value)  (\(detail))")
  }
}

extension CameraNode {
  /// What may be written behind `v4l2:` for this camera, the most durable first.
  fileprivate var selectors: [String] {
    var selectors: [String] = []
    if let usb {
      if !usb.serial.isEmpty { selectors.append(CameraSelector.serial(usb.serial).description) }
      selectors.append(CameraSelector.usbPort(usb.port).description)
    }
    return selectors + [path]
  }
}

private struct DeviceListing: Encodable {
  var cameras: [DeviceEntry]
}

/// One camera as JSON; sizes in pixels, rates in Hz.
private struct DeviceEntry: Encodable {
  struct Mode: Encodable {
    var size: String
    var smallest: String
    var ratesHz: [Double]
  }
  struct Format: Encodable {
    var fourcc: String
    var name: String
    var modes: [Mode]
  }
  struct Control: Encodable {
    var name: String
    var kind: String
    var value: Int?
    var minimum: Int
    var maximum: Int
    var step: Int
    var defaultValue: Int
    var isWritable: Bool
    var isInactive: Bool
    var choices: [String: String]
  }
  var node: CameraNode
  var identity: String
  var selectors: [String]
  var card: String?
  var driver: String?
  var busInfo: String?
  var formats: [Format] = []
  var controls: [Control] = []
  var error: String?

  init(_ node: CameraNode, _ result: Result<CameraDescription, CaptureError>) {
    self.node = node
    identity = node.identity.description
    selectors = node.selectors
    switch result {
    case .failure(let failure): error = failure.description
    case .success(let camera):
      card = camera.card
      driver = camera.driver
      busInfo = camera.busInfo
      formats = camera.formats.map(Self.format)
      controls = camera.controls.map(Self.control)
    }
  }

  private static func format(_ format: OfferedFormat) -> Format {
    Format(
      fourcc: format.pixelFormat.description, name: format.name,
      modes: format.modes.map {
        Mode(size: $0.size.description, smallest: $0.smallest.description, ratesHz: $0.ratesHz)
      })
  }

  private static func control(_ control: CameraControl) -> Control {
    Control(
      name: control.name, kind: control.kind.rawValue, value: control.value, minimum: control.minimum,
      maximum: control.maximum, step: control.step, defaultValue: control.defaultValue,
      isWritable: control.isWritable, isInactive: control.isInactive,
      choices: Dictionary(uniqueKeysWithValues: control.choices.map { ("\($0.key)", $0.value) }))
  }
}
