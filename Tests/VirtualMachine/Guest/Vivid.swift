import Capture
import Glibc
import Platform

/// The kernel's virtual camera: its node, its error buttons, its module.
enum Vivid {
  static let node = "/dev/video0"
  static let secondNode = "/dev/video1"
  private static let parameters = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 vid_cap_nr=0"

  /// Sets a control through a second handle, as a person with a tool would.
  static func set(_ control: String, _ value: Int = 1) throws(CaptureError) {
    try V4L2Device(node, kernel: LinuxV4L2Kernel()).apply([control: value])
  }

  static func load() -> Bool { shell("insmod /modules/vivid.ko \(parameters)") }

  /// Two cameras.
  static func loadTwo() -> Bool {
    shell(
      "insmod /modules/vivid.ko n_devs=2 node_types=0x1,0x1 num_inputs=1,1 input_types=0,0 vid_cap_nr=0,1")
  }

  /// Removes the device as unplugging does, whoever uses it.
  static func unplug() -> Bool { shell("echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind") }

  static func unload() -> Bool { shell("rmmod vivid") }

  private static func shell(_ command: String) -> Bool { system("/bin/busybox sh -c '\(command)'") == 0 }
}
