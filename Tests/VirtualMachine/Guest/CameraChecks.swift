import Capture
import Decoding
import Glibc
import ImageBuffers
import Platform
import Quantities

/// The source against a real kernel driver: every format, every injected failure.
struct CameraChecks {
  let reporter: Reporter
  private static let size = ImageSize(width: 320, height: 180)
  private static let rateHz = 10.0
  private static let nativeFormats = ["YUYV", "UYVY", "NV12", "GREY"]
  private static let otherFormats = ["YVYU", "YU12", "YV12", "422P"]
  /// Through libv4lconvert.
  private static let convertedFormats = ["RGB3", "BGR3", "RGBP"]
  /// The driver's test picture: bars of 75 % colour, from white to black.
  private static let bars = [
    [191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191],
    [0, 0, 0],
  ]

  func run() {
    checkAbsence()
    for name in Self.nativeFormats + Self.otherFormats + Self.convertedFormats { checkFormat(name) }
    checkUnsupportedFormat()
    checkControls()
    checkImpossibleTime()
    checkDroppedBuffers()
    checkDamagedBuffers()
    checkFatalError()
    checkStartError()
    checkDisconnect()
    checkUnplug()
  }

  private func settings(_ format: String = "auto") -> CameraSettings {
    CameraSettings(
      selector: .path(Vivid.node), size: Self.size, rateHz: Self.rateHz,
      format: PixelFormat(format).map { format == "auto" ? .automatic : .fixed($0) } ?? .automatic,
      discardFirstFrames: 2)
  }

  /// A daemon that starts before its camera.
  private func checkAbsence() {
    let camera = Camera(settings())
    let before = camera.observe(seconds: 1.5)
    reporter.check(
      before.frames == 0 && before.complaints.contains { $0.contains("no camera") },
      "an absent camera is reported", "\(before.complaints)")
    _ = Vivid.load()
    let start = MonotonicTime.now()
    let after = camera.observe(seconds: 20) { $0.frames >= 3 }
    let seconds = Double(MonotonicTime.now() - start) * 1e-9
    reporter.check(after.frames >= 3, "a camera plugged in later is used", "first frames after \(seconds) s")
    reporter.say("connected: \(camera.source.connection.map { "\($0)" } ?? "nothing")")
  }

  private func checkFormat(_ name: String) {
    var settings = self.settings(name)
    // No text on the colours; with its other time source this driver stamps frames before their time.
    settings.controls = ["osd_text_mode": 2, "timestamp_source": 1]
    let camera = Camera(settings)
    let seen = camera.observe(seconds: 20) { $0.frames >= 25 }
    let isMode = camera.source.connection?.mode.format.pixelFormat.description == name
    reporter.check(
      seen.frames >= 25 && isMode && seen.isInOrder && seen.corrupt == 0, "\(name) streams",
      "\(seen.frames) frames, \(seen.corrupt) corrupt, lost \(seen.lost), \(seen.complaints)")
    reporter.check(
      seen.timeSources == [.startOfExposure], "\(name) carries the driver's time",
      "\(seen.timeSources.map(\.rawValue))")
    reporter.check(
      (0.5 * Self.rateHz...1.3 * Self.rateHz).contains(seen.rateHz), "\(name) keeps its rate",
      "\(seen.rateHz) Hz, promised \(camera.source.nominalRateHz)")
    let truth = name == "GREY" ? Self.bars.map(Self.grey) : Self.bars
    let worst = zip(seen.bars, truth).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? 255
    reporter.check(worst <= 12, "\(name) has the right colours", "worst difference \(worst); \(seen.bars)")
  }

  /// The driver weighs colours for grey as BT.709 does.
  private static func grey(_ colour: [Int]) -> [Int] {
    let luma = 0.2126 * Double(colour[0]) + 0.7152 * Double(colour[1]) + 0.0722 * Double(colour[2])
    return [Int](repeating: Int(luma.rounded()), count: 3)
  }

  private func checkUnsupportedFormat() {
    let seen = Camera(settings("H264")).observe(seconds: 1)
    reporter.check(
      seen.frames == 0 && seen.complaints.contains { $0.contains("does not offer H264") },
      "a format the camera lacks is refused by name", "\(seen.complaints.first?.prefix(90) ?? "")")
  }

  private func checkControls() {
    var wanted = settings()
    wanted.controls = ["brightness": 77, "no_such_control": 1]
    let refused = Camera(wanted).observe(seconds: 1)
    reporter.check(
      refused.complaints.contains { $0.contains("no control \"no_such_control\"; it has brightness") },
      "an unknown control is refused with a list", "\(refused.complaints.first?.prefix(90) ?? "")")
    wanted.controls = ["brightness": 77]
    let seen = Camera(wanted).observe(seconds: 10) { $0.frames >= 2 }
    let brightness = try? V4L2Device(Vivid.node, kernel: LinuxV4L2Kernel()).controls()
      .first { $0.name == "brightness" }?.value
    reporter.check(
      seen.frames >= 2 && brightness == 77, "a control is set", "brightness \(brightness ?? -1)")
    try? Vivid.set("brightness", 128)
  }

  /// As "end of frame" the driver stamps the future: such a stamp is no capture time.
  private func checkImpossibleTime() {
    var settings = self.settings("GREY")
    settings.controls = ["timestamp_source": 0]
    let seen = Camera(settings).observe(seconds: 10) { $0.frames >= 10 }
    reporter.check(
      seen.timeSources == [.receive] && seen.isInOrder, "a stamp from the future is replaced by the arrival",
      "\(seen.timeSources.map(\.rawValue))")
  }

  private func checkDroppedBuffers() {
    let camera = Camera(settings("GREY"))
    _ = camera.observe(seconds: 5) { $0.frames >= 3 }
    inject("percentage_of_dropped_buffers", 40)
    let seen = camera.observe(seconds: 8)
    inject("percentage_of_dropped_buffers", 0)
    reporter.check(
      seen.frames >= 10 && seen.lost >= 8 && seen.corrupt == 0 && seen.lost <= 80,
      "dropped buffers are counted as lost", "\(seen.frames) frames, \(seen.lost) lost")
    // The emulated driver loses frames of its own when this machine is short of time; ten in a row are not lost to
    // the injection, under which that happens once in 160 times.
    var healthy = camera.observe(seconds: 5) { $0.frames >= 10 }
    for _ in 0..<4 where healthy.lost > 0 { healthy = camera.observe(seconds: 5) { $0.frames >= 10 } }
    reporter.check(
      healthy.frames >= 10 && healthy.lost == 0, "losses end with their cause",
      "\(healthy.frames) frames, \(healthy.lost) lost")
  }

  private func checkDamagedBuffers() {
    let camera = Camera(settings("GREY"))
    _ = camera.observe(seconds: 5) { $0.frames >= 3 }
    var corrupt = 0
    for _ in 0..<3 {
      inject("inject_v4l2_buf_flag_error", 1)
      corrupt += camera.observe(seconds: 3) { $0.corrupt > 0 }.corrupt
    }
    let after = camera.observe(seconds: 1.5)
    reporter.check(
      corrupt == 3 && camera.source.counters.corrupt.value == 3, "damaged buffers are dropped and counted",
      "\(corrupt) of 3")
    reporter.check(
      after.frames >= 5, "damaged buffers do not stop the stream", "\(after.frames) frames after")
  }

  private func checkFatalError() {
    recovery("a fatal streaming error") { inject("inject_fatal_streaming_error", 1) }
  }

  private func checkStartError() {
    // Two failures in a row: the stream breaks, and its first restart is refused.
    recovery("a refused stream start") {
      inject("inject_vidioc_streamon_error", 1)
      inject("inject_fatal_streaming_error", 1)
    }
  }

  private func checkDisconnect() {
    recovery("a disconnect") { inject("disconnect", 1) }
  }

  private func checkUnplug() {
    recovery("unplugging, and unloading the driver") {
      reporter.check(Vivid.unplug(), "the device can be pulled while it streams", "unbind")
    } whileGone: { camera in
      let gone = camera.observe(seconds: 2)
      reporter.check(
        gone.frames == 0 && !gone.complaints.isEmpty, "the loss is reported", "\(gone.complaints)")
      reporter.check(Vivid.unload(), "nothing holds the old device", "rmmod")
      _ = camera.observe(seconds: 2)
      _ = Vivid.load()
    }
  }

  /// Streams, breaks something, and expects frames again within ten seconds.
  private func recovery(_ what: String, _ breakIt: () -> Void, whileGone: (Camera) -> Void = { _ in }) {
    let camera = Camera(settings())
    let before = camera.observe(seconds: 10) { $0.frames >= 5 }
    breakIt()
    whileGone(camera)
    let start = MonotonicTime.now()
    let after = camera.observe(seconds: 15) { $0.reconfigurations > 0 && $0.frames >= 5 }
    let seconds = Double(MonotonicTime.now() - start) * 1e-9
    reporter.check(
      before.frames >= 5 && after.frames >= 5 && seconds < 10, "\(what) is survived",
      "\(after.frames) frames within \(seconds) s, \(after.complaints)")
    reporter.check(
      camera.source.counters.reconnects.value >= 1, "\(what) is counted",
      "\(camera.source.counters.reconnects.value) reconnections")
  }

  private func inject(_ control: String, _ value: Int) {
    do throws(CaptureError) { try Vivid.set(control, value) } catch {
      reporter.check(false, "the driver takes \(control)", "\(error)")
    }
  }
}
