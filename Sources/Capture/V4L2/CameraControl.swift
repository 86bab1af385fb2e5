import CV4L2
import Platform
import Quantities

/// One setting of a camera, such as its exposure time.
public struct CameraControl: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case integer, boolean, menu, button, other
  }

  /// Lower-case words joined by underscores, made from the driver's name: `White Balance, Automatic` is
  /// `white_balance_automatic`.
  public var name: String
  public var identifier: UInt32
  public var kind: Kind
  public var minimum: Int
  public var maximum: Int
  public var step: Int
  public var defaultValue: Int
  /// Present value; nil when it cannot be read.
  public var value: Int?
  public var isWritable: Bool
  /// Has no effect at present because another control (an automatic mode) holds it.
  public var isInactive: Bool
  /// Menu entries by value.
  public var choices: [Int: String]

  /// The configuration name of a control with this driver name.
  package static func configurationName(_ driverName: String) -> String {
    driverName.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "_")
  }
}

extension V4L2Device {
  /// Every control of the camera, in the driver's order.
  package func controls() -> [CameraControl] {
    var found: [CameraControl] = []
    var query = v4l2_queryctrl()
    query.id = UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
    while found.count < 512, perform(.queryControl, &query) == 0 {
      if query.flags & UInt32(V4L2_CTRL_FLAG_DISABLED) == 0, let control = control(query) {
        found.append(control)
      }
      query.id |= UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
    }
    return found
  }

  /// Sets the configured controls and reads each one back.
  ///
  /// Switches and menus go first: a fixed exposure time is refused, or ignored, while exposure is automatic.
  /// - Throws: `.unknownControl`, `.controlRefused`, `.lost`.
  package func apply(_ wanted: [String: Int]) throws(CaptureError) {
    if wanted.isEmpty { return }
    let available = controls()
    for name in wanted.keys.sorted() where !available.contains(where: { $0.name == name }) {
      throw .camera(.unknownControl(name: name, available: available.map(\.name)))
    }
    let chosen = available.filter { wanted[$0.name] != nil }
    for control in chosen.filter(\.isSwitch) + chosen.filter({ !$0.isSwitch }) {
      guard let value = wanted[control.name] else { continue }
      try set(control, to: value)
    }
  }

  private func set(_ control: CameraControl, to value: Int) throws(CaptureError) {
    func refused(_ reason: String) -> CaptureError {
      .camera(.controlRefused(name: control.name, wanted: value, reason: reason))
    }
    guard control.isWritable else { throw refused("it is read-only") }
    // A button has no range: any value presses it.
    let range = control.minimum...max(control.minimum, control.maximum)
    guard control.kind == .button || range.contains(value) else {
      throw refused("its range is \(control.minimum) to \(control.maximum) in steps of \(control.step)")
    }
    var argument = v4l2_control(id: control.identifier, value: Int32(value))
    let code = perform(.setControl, &argument)
    if Self.meansLost(code) { throw .camera(.lost(path: path, SystemErrno(code))) }
    guard code == 0 else { throw refused("the camera answers \(SystemErrno(code))") }
    if control.kind == .button { return }
    guard let held = read(control.identifier) else { return }
    if held != value {
      throw refused(
        "the camera holds \(held) instead (steps of \(control.step)"
          + "\(control.isInactive ? ", held by an automatic mode" : ""))")
    }
  }

  private func control(_ query: v4l2_queryctrl) -> CameraControl? {
    var query = query
    let kind: CameraControl.Kind
    switch query.type {
    case V4L2_CTRL_TYPE_INTEGER.rawValue: kind = .integer
    case V4L2_CTRL_TYPE_BOOLEAN.rawValue: kind = .boolean
    case V4L2_CTRL_TYPE_MENU.rawValue, V4L2_CTRL_TYPE_INTEGER_MENU.rawValue: kind = .menu
    case V4L2_CTRL_TYPE_BUTTON.rawValue: kind = .button
    case V4L2_CTRL_TYPE_CTRL_CLASS.rawValue: return nil
    default: kind = .other
    }
    let forbidden = UInt32(V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_GRABBED)
    return CameraControl(
      name: CameraControl.configurationName(string(&query.name)), identifier: query.id, kind: kind,
      minimum: Int(query.minimum), maximum: Int(query.maximum), step: Int(query.step),
      defaultValue: Int(query.default_value), value: kind == .button ? nil : read(query.id),
      isWritable: query.flags & forbidden == 0 && kind != .other,
      isInactive: query.flags & UInt32(V4L2_CTRL_FLAG_INACTIVE) != 0,
      choices: query.type == V4L2_CTRL_TYPE_MENU.rawValue ? choices(query) : [:])
  }

  private func choices(_ query: v4l2_queryctrl) -> [Int: String] {
    var choices: [Int: String] = [:]
    guard query.minimum >= 0, query.maximum >= query.minimum, query.maximum < 256 else { return [:] }
    for index in query.minimum...query.maximum {
      var entry = v4l2_querymenu()
      entry.id = query.id
      entry.index = UInt32(index)
      if perform(.queryMenu, &entry) == 0 { choices[Int(index)] = string(&entry.name) }
    }
    return choices
  }

  private func read(_ identifier: UInt32) -> Int? {
    var argument = v4l2_control(id: identifier, value: 0)
    return perform(.getControl, &argument) == 0 ? Int(argument.value) : nil
  }
}

extension CameraControl {
  fileprivate var isSwitch: Bool { kind == .boolean || kind == .menu }
}
