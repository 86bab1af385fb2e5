/// Cameras, recordings, calibrations and pixels.
extension DiagnosticCode {
  static let camera: [DiagnosticCode: Explanation] = [
    .cameraOK: Explanation(.camera, .ok, "frames arrive."),
    .cameraStarting: Explanation(.camera, .warning, "the camera is being opened.", do: "Wait some seconds."),
    .cameraStreaming: Explanation(.camera, .ok, "frames arrive for the first time, or again."),
    .cameraAbsent: Explanation(
      .camera, .error, "no attached camera fits camera.source.",
      do: "Plug it in; `depthctl devices` lists what is attached and what to write into camera.source."),
    .cameraAmbiguous: Explanation(
      .camera, .error, "more than one attached camera fits camera.source.",
      do: "Select one by its port: camera.source = \"v4l2:usb:PORT\" (`depthctl devices` shows the ports)."),
    .cameraDifferent: Explanation(
      .camera, .error, "another camera stands where the first one was; its calibration would be wrong.",
      do: "Plug the first one in again, or set camera.accept_any_camera = true and apply its calibration."),
    .cameraBusy: Explanation(
      .camera, .error, "another program streams from the camera; only one can.",
      do: "Stop that program; `depthctl doctor`, run as root, names it."),
    .cameraForbidden: Explanation(
      .camera, .error, "the daemon's user may not open the device node.",
      do: "Add the user to group video, or install the unit, which does that (SupplementaryGroups=video)."),
    .cameraUnsuitable: Explanation(
      .camera, .error, "the device exists and is no video capture device (metadata nodes look alike).",
      do: "Name another node of the same camera; `depthctl devices` lists only those that capture."),
    .cameraNoBandwidth: Explanation(
      .camera, .error, "the USB bus has no room left for this stream.",
      do: "Use camera.format = \"MJPG\", a lower camera.rate_hz or size, or a port of another USB controller."
    ),
    .cameraWrongFormat: Explanation(
      .camera, .error, "the camera does not offer the configured format, size or rate.",
      do: "Set camera.format = \"auto\" or one of the modes that `depthctl devices` lists."),
    .cameraControl: Explanation(
      .camera, .error, "a control of [camera.controls] is unknown to the camera or did not take its value.",
      do: "Correct or remove it; `depthctl devices` lists names and ranges. An automatic mode may hold it."),
    .cameraLost: Explanation(
      .camera, .error, "the camera went away: cable, hub, power, or its own firmware.",
      do: "Nothing if it comes back by itself. Often: another cable, a powered hub, another port."),
    .cameraStalled: Explanation(
      .camera, .error, "the camera is there and delivers nothing; its stream is started again.",
      do: "If that does not help, unplug it. Look for USB power saving and for a long exposure setting."),
    .cameraTransfer: Explanation(
      .camera, .error, "USB transfers fail; the stream is started again after a pause.",
      do: "Another cable or port; keep it away from radio equipment; see `dmesg`."),
    .cameraFailed: Explanation(
      .camera, .error, "a request to the driver failed in a way that is not expected.",
      do: "See the text for the request and `dmesg` for the driver's own words."),
    .cameraLosesFrames: Explanation(
      .camera, .warning, "the driver's frame counter has gaps: frames are lost before the daemon sees them.",
      do: "Lower camera.rate_hz or the size, use MJPG, or free the USB bus and the processor."),
    .cameraSlow: Explanation(
      .camera, .warning, "far fewer frames arrive than the camera promised, without gaps: it takes fewer.",
      do: "More light: in the dark most cameras expose longer than a period (control "
        + "exposure_dynamic_framerate, or a fixed exposure, forbids it). Else another rate or format; for sim: "
        + "and drive: a faster machine."),
    .cameraReconnected: Explanation(
      .camera, .warning, "the camera went away and came back within the last minute.",
      do: "Nothing if it was unplugged on purpose; else check cable, hub and power."),
    .cameraSlowLink: Explanation(
      .camera, .warning, "the USB link is too slow for uncompressed frames at the configured size and rate.",
      do: "Use a USB 2 or 3 port and cable, camera.format = \"MJPG\", or a lower rate."),
    .cameraDriverMissing: Explanation(
      .camera, .warning, "no camera is attached and the kernel's video driver is not loaded.",
      do: "`modprobe uvcvideo`; `make install` has it loaded at boot (modules-load.d)."),
  ]

  static let source: [DiagnosticCode: Explanation] = [
    .recordingEnded: Explanation(
      .camera, .stale, "the recording has been played to its end.",
      do: "Set drive.loop = true to play it for ever."),
    .sourceUnusable: Explanation(
      .camera, .error, "the recording or world that camera.source names cannot be used.",
      do: "Correct camera.source; the text says what is wrong with it."),
    .decodeOK: Explanation(.decode, .ok, "frames are decoded."),
    .decodeIdle: Explanation(.decode, .off, "there are no frames to decode."),
    .decodeBrokenFrames: Explanation(
      .decode, .warning, "more than one frame in a hundred was broken lately and dropped.",
      do: "Another cable or port. If it is MJPG, try an uncompressed format."),
  ]

  static let calibration: [DiagnosticCode: Explanation] = [
    .calibrationOK: Explanation(.calibration, .ok, "the calibration fits the frames."),
    .calibrationNone: Explanation(
      .calibration, .warning,
      "no calibration: depth is not rectified and headers carry no intrinsics, so there is no point cloud.",
      do: "Set camera.calibration and run `depthctl calib apply FILE`."),
    .calibrationMissing: Explanation(
      .calibration, .error, "the calibration file that the configuration names does not exist.",
      do: "Put it there with `depthctl calib apply FILE`, or correct camera.calibration."),
    .calibrationUnreadable: Explanation(
      .calibration, .error, "the calibration file exists and cannot be read.",
      do: "Check its owner and permissions (0644 will do) and that it is a file."),
    .calibrationUnparsable: Explanation(
      .calibration, .error, "the calibration file exists and is not valid YAML.",
      do: "Copy it again from the calibration tool, or `depthctl calib rollback`. The text names the line."),
    .calibrationInvalid: Explanation(
      .calibration, .error, "the calibration file is YAML and holds no usable calibration.",
      do: "The text lists every problem with its line; `depthctl calib rollback` brings the last one back."),
    .calibrationWrongSize: Explanation(
      .calibration, .error,
      "the calibration was made for an image of another shape than the camera delivers.",
      do: "Set camera.width and camera.height to the calibrated shape, or calibrate at the size in use."),
    .calibrationImplausible: Explanation(
      .calibration, .warning, "the calibration can be used and looks wrong.",
      do: "Run `depthctl calib check FILE`; calibrate again with the board also in the corners."),
  ]
}
