import Capture
import DepthClient
import Glibc
import Quantities
import WireFormat

/// Faults of a real driver as a field engineer meets them: in health, by `depthctl doctor`, by `depthctl reload`.
struct FaultChecks {
  let reporter: Reporter
  private static let rateHz = 5.0
  private static let tools = "--endpoint \(Daemon.directory) --config \(Daemon.configurationPath)"

  func run() throws {
    _ = Vivid.unplug()
    _ = Vivid.unload()
    _ = Vivid.loadTwo()
    let subscriber = try Subscriber()
    checkBusyAtStart(subscriber)
    checkWrongFormat(subscriber)
    checkReloadToBusy(subscriber)
    _ = Vivid.unload()
  }

  /// Another program was first; when it ends, depth comes.
  private func checkBusyAtStart(_ subscriber: Subscriber) {
    guard Daemon.configure(format: "YUYV", rateHz: Self.rateHz, node: Vivid.node),
      let held = HeldCamera(Vivid.node)
    else {
      return reporter.check(false, "another program streams from the camera", "no frames")
    }
    let holder = "\(HeldCamera.programName) (process \(held.processID))"
    let offline = doctor()
    reporter.check(
      offline.code == 2 && offline.output.contains("camera_busy") && offline.output.contains(holder),
      "the doctor names who has the camera, without a daemon", offline.output)
    guard let daemon = Daemon(format: "YUYV", rateHz: Self.rateHz) else {
      return reporter.check(false, "the daemon starts", "posix_spawn")
    }
    let health = subscriber.health(seconds: 30) { component("camera", of: $0)?.code == "camera_busy" }
    reporter.check(
      health?.verdict == .down && health?.reason?.contains(holder) == true
        && component("camera", of: health)?.text.contains(holder) == true,
      "health of a busy camera names who has it", "\(health?.reason ?? "no health message")")
    let online = doctor()
    reporter.check(
      online.code == 2 && online.output.contains("camera_busy") && online.output.contains(holder),
      "the doctor names who has the camera, beside the daemon", online.output)
    held.release()
    let seen = subscriber.receive(seconds: 30, frames: 3)
    reporter.check(seen.frames == 3, "a camera that becomes free gives depth", "\(seen.frames) frames")
    let code = subscriber.health(seconds: 15) { component("camera", of: $0)?.code == "camera_ok" }
    reporter.check(
      component("camera", of: code)?.code == "camera_ok", "and is well again",
      "\(component("camera", of: code)?.text ?? "no health message")")
    finish(daemon, subscriber)
  }

  private func checkWrongFormat(_ subscriber: Subscriber) {
    guard let daemon = Daemon(format: "H264", rateHz: Self.rateHz) else {
      return reporter.check(false, "the daemon starts", "posix_spawn")
    }
    let health = subscriber.health(seconds: 30) {
      component("camera", of: $0)?.code == "camera_wrong_format"
    }
    reporter.check(
      health?.verdict == .down && health?.reason?.contains("does not offer H264") == true
        && health?.reason?.contains("YUYV") == true,
      "health names a format that the camera lacks, and those it has",
      "\(health?.reason ?? "no health message")")
    let said = doctor()
    reporter.check(
      said.code == 2 && said.output.contains("camera_wrong_format") && said.output.contains("YUYV"),
      "the doctor names a format that the camera lacks", said.output)
    let isMended = Daemon.configure(format: "YUYV", rateHz: Self.rateHz, node: Vivid.node)
    let verdict = Child.run("/opt/depthctl reload --endpoint \(Daemon.directory)")
    let seen = subscriber.receive(seconds: 30, frames: 3)
    reporter.check(
      isMended && verdict.code == 0 && seen.frames == 3, "a mended format takes one reload",
      "\(verdict.output); \(seen.frames) frames")
    finish(daemon, subscriber)
  }

  /// The new camera is busy: the reload is refused and the old camera goes on.
  private func checkReloadToBusy(_ subscriber: Subscriber) {
    guard let daemon = Daemon(format: "YUYV", rateHz: Self.rateHz),
      let held = HeldCamera(Vivid.secondNode)
    else { return reporter.check(false, "the daemon starts beside a held camera", "no frames") }
    let before = subscriber.receive(seconds: 40, frames: 3)
    let isWritten = Daemon.configure(format: "YUYV", rateHz: Self.rateHz, node: Vivid.secondNode)
    let verdict = Child.run("/opt/depthctl reload --endpoint \(Daemon.directory)")
    let holder = "\(HeldCamera.programName) (process \(held.processID))"
    reporter.check(
      isWritten && verdict.code == 2 && verdict.output.contains(Vivid.secondNode)
        && verdict.output.contains(holder),
      "a reload to a busy camera is refused, and says who has it", verdict.output)
    subscriber.drain()
    let after = subscriber.receive(seconds: 30, frames: 5)
    reporter.check(
      before.frames == 3 && after.frames == 5 && after.last?.generation == before.last?.generation
        && (after.last?.sequence ?? 0) > (before.last?.sequence ?? 0),
      "the old camera goes on", "\(after.frames) frames, generation \(after.last?.generation ?? 99)")
    held.release()
    let second = Child.run("/opt/depthctl reload --endpoint \(Daemon.directory)")
    subscriber.drain()
    let moved = subscriber.receive(seconds: 30, frames: 3)
    reporter.check(
      second.code == 0 && moved.frames == 3 && moved.last?.generation == 1,
      "the same reload is applied once the camera is free", "\(second.output); \(moved.frames) frames")
    finish(daemon, subscriber)
  }

  private func doctor() -> (code: Int32, output: String) { Child.run("/opt/depthctl doctor \(Self.tools)") }

  private func component(_ name: String, of health: HealthMessage?) -> HealthMessage.Component? {
    health?.components.first { $0.name == name }
  }

  private func finish(_ daemon: Daemon, _ subscriber: Subscriber) {
    reporter.check(daemon.stop() != nil, "the daemon stops when asked", "")
    subscriber.drain()
    if reporter.failures > 0 { reporter.say(Daemon.logTail) }
  }
}
