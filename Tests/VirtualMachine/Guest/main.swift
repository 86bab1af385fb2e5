// Runs inside the test machine, started by its init script with the names of what to check.
import Glibc

let reporter = Reporter()
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "hold" {
  HeldCamera.hold(CommandLine.arguments[2])
}
for argument in CommandLine.arguments.dropFirst() {
  switch argument {
  case "camera": CameraChecks(reporter: reporter).run()
  case "daemon":
    do { try DaemonChecks(reporter: reporter).run() } catch {
      reporter.check(false, "the daemon can be watched", "\(error)")
    }
  case "can":
    do { try CANChecks(reporter: reporter).run() } catch {
      reporter.check(false, "the daemon can be watched", "\(error)")
    }
  case "faults":
    do { try FaultChecks(reporter: reporter).run() } catch {
      reporter.check(false, "the daemon can be watched", "\(error)")
    }
  default: reporter.check(false, "known check", argument)
  }
}
exit(reporter.failures == 0 ? 0 : 1)
