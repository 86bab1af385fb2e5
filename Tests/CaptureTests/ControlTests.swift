import CV4L2
import Capture
import ImageBuffers
import Quantities
import Testing

@Suite struct ControlTests {
  private func attachControls(_ camera: ScriptedCamera) {
    camera.controls = [
      ScriptedControl(identifier: 0x98_0900, name: "Brightness", value: 10),
      ScriptedControl(
        identifier: 0x9A_0901, name: "Exposure Time, Absolute", range: 1...5000, step: 5, value: 50),
      ScriptedControl(
        identifier: 0x9A_0902, name: "Auto Exposure", type: V4L2_CTRL_TYPE_MENU.rawValue, range: 0...3,
        value: 3),
      ScriptedControl(
        identifier: 0x9A_0903, name: "Serial", flags: UInt32(V4L2_CTRL_FLAG_READ_ONLY)),
    ]
  }

  @Test func `controls are set by name, read back and restored after a reconnection`() throws {
    let bench = try CameraBench {
      $0.controls = ["exposure_time_absolute": 200, "auto_exposure": 1]
    } prepare: { camera, _ in
      attachControls(camera)
      camera.script = [.hangUp(19)]
    }
    #expect(bench.camera.controls.map(\.value) == [10, 200, 1, 0])
    // The camera forgets everything while it is unplugged.
    attachControls(bench.camera)
    #expect(bench.nextFrame().last == "frame")
    #expect(bench.camera.controls.map(\.value) == [10, 200, 1, 0])
  }

  @Test func `an unknown control is refused with a list of those that exist`() throws {
    let bench = try CameraBench {
      $0.controls = ["exposure": 1]
    } prepare: { camera, _ in
      attachControls(camera)
    }
    #expect(
      bench.word(bench.next())
        == "unavailable: the camera has no control \"exposure\"; it has brightness, "
        + "exposure_time_absolute, auto_exposure, serial")
  }

  @Test(arguments: [
    ("brightness", 256, "its range is 0 to 255 in steps of 1"), ("serial", 1, "it is read-only"),
    ("exposure_time_absolute", 203, "the camera holds 200 instead"),
  ])
  func `a value the camera does not take is refused`(name: String, value: Int, text: String) throws {
    let bench = try CameraBench {
      $0.controls = [name: value]
    } prepare: { camera, _ in
      attachControls(camera)
    }
    #expect(bench.word(bench.next()).contains(text))
  }

  @Test func `driver names become plain words`() {
    #expect(CameraControl.configurationName("White Balance, Automatic") == "white_balance_automatic")
    #expect(CameraControl.configurationName("Gain (dB)") == "gain_db")
  }
}
