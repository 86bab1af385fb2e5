package import CANBus
package import Health
import Odometry

extension Finding {
  /// What a fault of the bus says about odometry.
  package init(_ fault: CANFault) {
    let code: DiagnosticCode =
      switch fault {
      case .absent, .notCAN: .odometryCANAbsent
      case .down: .odometryCANDown
      case .busOff: .odometryCANBusOff
      case .errorPassive: .odometryCANErrors
      case .refused, .failed: .odometryCANRefused
      }
    self.init(code, fault.description)
  }
}

extension ComponentObservation.Odometry {
  /// What is so of odometry.
  ///
  /// - Parameters:
  ///   - isWarm: whether things have had their time to begin.
  ///   - recently: growth of the counters.
  func finding(isWarm: Bool, recently: ComponentObservation.Recently) -> Finding {
    guard isExpected else { return Finding(.odometryOff) }
    if let fault { return Finding(fault) }
    guard let ageSeconds else { return neverCame(isWarm: isWarm, recently) }
    guard ageSeconds <= max(maximumAgeSeconds, 1) else { return stopped(ageSeconds, recently) }
    if let trouble = trouble(recently) { return trouble }
    if let offsetAdvice { return Finding(.odometryOffset, offsetAdvice) }
    let speed = speedMetersPerSecond.map { "\(($0 * 100).rounded() / 100) m/s, " } ?? ""
    return Finding(.odometryOK, "\(speed)age \(Int(ageSeconds * 1000)) ms")
  }

  /// Samples in ten seconds that may be refused without a word: a wheel that slips jumps twice.
  private static let usualOutliers: UInt64 = 10

  private func neverCame(isWarm: Bool, _ recently: ComponentObservation.Recently) -> Finding {
    if let trouble = trouble(recently) { return trouble }
    if let problem { return Finding(.odometryUnreadable, problem) }
    guard isWarm else { return Finding(.odometryIdle) }
    return isBus ? Finding(.odometryCANSilent) : Finding(.odometryMissing)
  }

  private func stopped(_ ageSeconds: Double, _ recently: ComponentObservation.Recently) -> Finding {
    // Frames that come and are refused are the reason; frames that do not come are another.
    if let trouble = trouble(recently) { return trouble }
    let text = "the last odometry is \((ageSeconds * 10).rounded() / 10) s old"
    return Finding(isBus ? .odometryCANSilent : .odometryStale, text)
  }

  private func trouble(_ recently: ComponentObservation.Recently) -> Finding? {
    if recently.odometryCounterFaults > 0 { return Finding(.odometryCounter, problem) }
    if recently.unreadableOdometry > 0, let problem { return Finding(.odometryUnreadable, problem) }
    if recently.implausibleOdometry > Self.usualOutliers { return Finding(.odometryImplausible, doubt) }
    return nil
  }
}

extension OdometryOffsetWatch.Report {
  /// What to set, when the configured offset is off by more than its uncertainty; nil = nothing.
  func advice(configuredSeconds: Double) -> String? {
    guard case .offset(let found) = self else { return nil }
    let error = found.seconds - configuredSeconds
    guard abs(error) > max(0.01, 3 * found.sigmaSeconds) else { return nil }
    func milliseconds(_ seconds: Double) -> Int { Int((seconds * 1000).rounded()) }
    return "odometry is \(milliseconds(abs(error))) ms \(error > 0 ? "early" : "late"); "
      + "set odometry.time_offset_ms = \(milliseconds(found.seconds))"
  }
}
