import DepthClient
import Glibc
import Platform
import Quantities
import WireFormat

/// Odometry from the kernel's own CAN stack, on a virtual bus.
struct CANChecks {
  let reporter: Reporter

  func run() throws {
    guard
      let daemon = Daemon(
        camera: "source = \"sim:corridor\"\nwidth = 160\nheight = 96",
        more: "[simulation]\nrate_hz = 2.0\n" + CANSender.configuration)
    else { return reporter.check(false, "the daemon starts", "posix_spawn") }
    let subscriber = try Subscriber()
    let sender = CANSender()
    let thread = WorkerThread(name: "can sender") { sender.run() }
    checkSpeed(subscriber)
    checkCounter(subscriber, sender)
    checkBusOff(subscriber, sender)
    checkSilence(subscriber, sender)
    checkDown(subscriber)
    checkUnplugged(subscriber)
    reporter.check(daemon.isRunning, "one process survived the bus", "pid \(daemon.processID)")
    if reporter.failures > 0 { reporter.say(Daemon.logTail) }
    sender.end()
    thread.join()
    reporter.check(daemon.stop() != nil, "it stops when asked, with a bus", "pid \(daemon.processID)")
  }

  private func checkSpeed(_ subscriber: Subscriber) {
    expect("odometry_ok", subscriber, "frames of the bus become odometry")
    var header: DepthHeader.Odometry?
    for _ in 0..<40 {
      header = subscriber.receive(seconds: 2, frames: 1).last?.odometry
      if header != nil { break }
    }
    let (speed, yawRate) = (header?.speedMetersPerSecond ?? 0, header?.yawRateRadiansPerSecond ?? 0)
    reporter.check(
      abs(speed - 1.5) < 1e-6 && abs(yawRate + 0.25) < 1e-6, "headers carry the speed of the bus",
      "\(speed) m/s, \(yawRate) rad/s, age \(header?.ageMilliseconds ?? -1) ms")
  }

  private func checkCounter(_ subscriber: Subscriber, _ sender: CANSender) {
    sender.change { $0.countsWrong = true }
    expect("odometry_counter", subscriber, "a counter that jumps is found")
    sender.change { $0.countsWrong = false }
    expect("odometry_ok", subscriber, "odometry comes back with the counter")
  }

  private func checkBusOff(_ subscriber: Subscriber, _ sender: CANSender) {
    sender.change { $0.isBusOff = true }
    expect("odometry_can_bus_off", subscriber, "a controller that is bus-off is told")
    sender.change { $0.isBusOff = false }
    expect("odometry_ok", subscriber, "odometry comes back with the controller")
  }

  private func checkSilence(_ subscriber: Subscriber, _ sender: CANSender) {
    sender.change { $0.isSpeaking = false }
    expect("odometry_can_silent", subscriber, "a silent bus is told")
    sender.change { $0.isSpeaking = true }
    expect("odometry_ok", subscriber, "odometry comes back with the senders")
  }

  private func checkDown(_ subscriber: Subscriber) {
    ip("link set \(CANSender.interface) down")
    expect("odometry_can_down", subscriber, "an interface that is down is told")
    ip("link set \(CANSender.interface) up")
    expect("odometry_ok", subscriber, "odometry comes back with the interface")
  }

  private func checkUnplugged(_ subscriber: Subscriber) {
    ip("link delete \(CANSender.interface)")
    expect("odometry_can_absent", subscriber, "an adapter that is pulled is told")
    ip("link add \(CANSender.interface) type vcan")
    ip("link set \(CANSender.interface) up")
    expect("odometry_ok", subscriber, "odometry comes back with the adapter")
  }

  private func ip(_ arguments: String) { _ = system("/bin/busybox ip \(arguments)") }

  /// Waits until the daemon says so of odometry.
  private func expect(_ code: String, _ subscriber: Subscriber, _ what: String) {
    func odometry(_ health: HealthMessage?) -> HealthMessage.Component? {
      health?.components.first { $0.name == "odometry" }
    }
    let start = MonotonicTime.now()
    let found = odometry(subscriber.health(seconds: 40) { odometry($0)?.code == code })
    let seconds = Double(MonotonicTime.now() - start) * 1e-9
    reporter.check(
      found?.code == code, what, "\(found?.code ?? "nothing"): \(found?.text ?? "") after \(seconds) s")
  }
}
