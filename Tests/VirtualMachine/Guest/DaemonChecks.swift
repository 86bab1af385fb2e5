import Capture
import DepthClient
import Glibc
import Platform
import Quantities
import WireFormat

/// The daemon on a real kernel driver, seen by a subscriber.
struct DaemonChecks {
  let reporter: Reporter
  private static let rateHz = 5.0

  func run() throws {
    _ = Vivid.unplug()
    _ = Vivid.unload()
    let subscriber = try Subscriber()
    try checkWholeLife(subscriber)
    for format in ["UYVY", "NV12", "GREY", "YU12", "RGB3", "BGR3"] { checkFormat(format, subscriber) }
  }

  /// One process from a start without a camera to a clean stop.
  private func checkWholeLife(_ subscriber: Subscriber) throws {
    guard let daemon = Daemon(format: "YUYV", rateHz: Self.rateHz) else {
      reporter.check(false, "the daemon starts", "posix_spawn")
      return
    }
    let absent = subscriber.health(seconds: 30) {
      $0.verdict == .down && $0.reason?.contains("no camera") == true
    }
    reporter.check(
      daemon.isRunning && absent?.reason?.contains("no camera") == true,
      "the daemon says that its camera is absent",
      "\(absent?.reason ?? "no health message")")
    _ = Vivid.load()
    checkStreaming("YUYV", subscriber)
    checkDrops(subscriber)
    recovery("a disconnect", subscriber) { try? Vivid.set("disconnect") }
    recovery("a fatal streaming error", subscriber) { try? Vivid.set("inject_fatal_streaming_error") }
    checkUnplug(subscriber)
    reporter.check(daemon.isRunning, "one process survived all of it", "pid \(daemon.processID)")
    let seconds = daemon.stop()
    reporter.check(seconds != nil, "it stops when asked", "\(seconds ?? -1) s")
    if reporter.failures > 0 { reporter.say(Daemon.logTail) }
  }

  private func checkFormat(_ format: String, _ subscriber: Subscriber) {
    guard let daemon = Daemon(format: format, rateHz: Self.rateHz) else {
      reporter.check(false, "the daemon starts", format)
      return
    }
    checkStreaming(format, subscriber)
    reporter.check(daemon.stop() != nil, "\(format): the daemon stops when asked", "pid \(daemon.processID)")
    subscriber.drain()
  }

  private func checkStreaming(_ format: String, _ subscriber: Subscriber) {
    let failuresBefore = reporter.failures
    let first = subscriber.receive(seconds: 40, frames: 1)
    let seen = subscriber.receive(seconds: 10, frames: 15)
    reporter.check(
      first.frames == 1 && seen.frames >= 8 && seen.isInOrder, "depth from \(format) reaches a subscriber",
      "\(seen.frames) frames in order: \(seen.isInOrder), \(seen.rateHz) Hz")
    reporter.check(
      seen.clocks == ["start_of_exposure"] && seen.worstAgeSeconds < 1.5,
      "\(format): depth carries the driver's time",
      "\(seen.clocks), oldest \(seen.worstAgeSeconds) s")
    if reporter.failures > failuresBefore { reporter.say(Daemon.logTail) }
  }

  private func checkDrops(_ subscriber: Subscriber) {
    let before = subscriber.health(seconds: 3) { $0.drops != nil }?.drops?.camera ?? 0
    try? Vivid.set("percentage_of_dropped_buffers", 40)
    let seen = subscriber.receive(seconds: 6)
    try? Vivid.set("percentage_of_dropped_buffers", 0)
    // Every drop has been reported once the stream has been whole for two seconds.
    _ = subscriber.receive(seconds: 2)
    let after = subscriber.health(seconds: 5) { ($0.drops?.camera ?? 0) >= before + 3 }?.drops?.camera ?? 0
    reporter.check(
      seen.frames >= 5 && after >= before + 3, "frames the camera drops are counted, the others flow",
      "\(seen.frames) frames, \(after - before) dropped")
    for _ in 0..<2 {
      try? Vivid.set("inject_v4l2_buf_flag_error")
      _ = subscriber.receive(seconds: 1)
    }
    let damaged = subscriber.health(seconds: 5) { ($0.drops?.camera ?? 0) >= after + 2 }?.drops?.camera ?? 0
    reporter.check(damaged == after + 2, "damaged frames are counted", "\(damaged - after) of 2")
    reporter.check(
      subscriber.receive(seconds: 10, frames: 5).frames == 5, "depth goes on after damage", "5 frames")
  }

  private func checkUnplug(_ subscriber: Subscriber) {
    recovery("unplugging, and unloading the driver", subscriber) {
      _ = Vivid.unplug()
      let gone = subscriber.health(seconds: 5) { $0.verdict == .down }
      reporter.check(gone?.verdict == .down, "the loss is reported", "\(gone?.reason ?? "nothing")")
      usleep(500_000)
      reporter.check(Vivid.unload(), "the daemon does not hold the old device", "rmmod")
      _ = Vivid.load()
    }
  }

  /// Breaks something and expects new depth within ten seconds.
  private func recovery(_ what: String, _ subscriber: Subscriber, _ breakIt: () -> Void) {
    breakIt()
    subscriber.drain()
    let start = MonotonicTime.now()
    var seen = subscriber.receive(seconds: 15, frames: 1)
    // A frame from before the breakage may still have been on its way.
    while seen.frames == 1, let time = seen.captured.first, time < start {
      seen = subscriber.receive(seconds: 15, frames: 1)
    }
    let seconds = Double(MonotonicTime.now() - start) * 1e-9
    reporter.check(seen.frames == 1 && seconds < 10, "\(what) is survived", "new depth after \(seconds) s")
  }
}
