package import Quantities

/// Finds the attached cameras and waits for new ones; the second seam for tests.
package protocol CameraCatalog: AnyObject {
  /// Every video node, lowest number first. A serial number or port may be missing, never wrong.
  func nodes() -> [CameraNode]
  /// The device node that a path or link stands for; nil when it does not exist.
  func resolve(_ path: String) -> String?
  /// Returns true when the set of device nodes may have changed, false at the deadline.
  func waitForChange(until deadline: MonotonicTime) -> Bool
}

extension CameraCatalog {
  /// The node meant by a selector.
  package func find(_ selector: CameraSelector) throws(CaptureError) -> CameraNode {
    let all = nodes()
    let matches: [CameraNode]
    switch selector {
    case .first:
      matches = all.filter { $0.index == 0 }.prefix(1).map { $0 }
    case .path(let path):
      guard let target = resolve(path) else { throw absent(selector, all) }
      // Without sysfs the node itself is all there is.
      let bare = CameraNode(path: target, name: "unknown", index: 0, location: target, usb: nil)
      return all.first { $0.path == target } ?? bare
    case .serial(let serial):
      matches = all.filter { $0.usb?.serial == serial }
    case .usbPort(let port):
      matches = all.filter { $0.usb?.port == port }
    }
    guard let best = matches.min(by: { ($0.index, $0.number) < ($1.index, $1.number) }) else {
      throw absent(selector, all)
    }
    let ports = Set(matches.compactMap { $0.usb?.port })
    guard ports.count <= 1 else {
      throw .camera(.ambiguous(selector: selector.description, candidates: matches.map(\.label)))
    }
    return best
  }

  /// The node of a camera seen before, wherever it is plugged in now.
  package func find(again old: CameraNode) -> CameraNode? {
    // One camera can have several nodes, and two cameras one serial number: the most similar node wins.
    nodes().filter { $0.identity == old.identity }.max { left, right in
      (left.likeness(to: old), -left.number) < (right.likeness(to: old), -right.number)
    }
  }

  private func absent(_ selector: CameraSelector, _ all: [CameraNode]) -> CaptureError {
    .camera(.absent(selector: selector.description, attached: all.filter { $0.index == 0 }.map(\.label)))
  }
}

extension CameraNode {
  /// Path and identity for messages.
  var label: String { "\(path) (\(identity))" }

  fileprivate func likeness(to other: CameraNode) -> Int {
    // A USB interface is the last component of the location, for example `1-2.3:1.0`.
    let sameInterface = location.split(separator: ":").last == other.location.split(separator: ":").last
    return (usb?.port == other.usb?.port ? 8 : 0) + (index == other.index ? 4 : 0) + (sameInterface ? 2 : 0)
      + (name == other.name ? 1 : 0)
  }
}
