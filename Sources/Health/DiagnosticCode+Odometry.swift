/// What odometry says that cannot be, and what a CAN bus may suffer from.
extension DiagnosticCode {
  static let odometryFaults: [DiagnosticCode: Explanation] = [
    .odometryImplausible: Explanation(
      .odometry, .warning, "samples were not believed lately: no robot moves like that.",
      do: "Check unit, scale and sign of the signal; [odometry] max_... say what this robot can do."),
    .odometryCounter: Explanation(
      .odometry, .warning,
      "counters in the frames of the bus stand still or jump; those frames are not used.",
      do: "Check the place of the counter; look for a sender that hangs, and for two that share a frame."),
    .odometryOffset: Explanation(
      .odometry, .warning, "images and odometry show the same turns at different times.",
      do: "Set odometry.time_offset_ms to what the text says."),
    .odometryCANAbsent: Explanation(
      .odometry, .error, "there is no network interface of the name in odometry.source, or it is no CAN bus.",
      do: "Plug the adapter in; `ip -br link` lists interfaces; docs/odometry.md shows how to set one up."),
    .odometryCANDown: Explanation(
      .odometry, .error, "the CAN interface is down.",
      do:
        "`ip link set can0 up type can bitrate 500000` with the bus's bitrate; docs/odometry.md makes it last."
    ),
    .odometryCANBusOff: Explanation(
      .odometry, .error, "the CAN controller has switched itself off after too many errors.",
      do:
        "Check bitrate, termination and wiring; then `ip link set can0 type can restart`, or restart-ms 100."),
    .odometryCANErrors: Explanation(
      .odometry, .warning, "the CAN controller is error-passive: most of what it hears is broken.",
      do: "Check bitrate, termination (60 ohm between the wires) and wiring."),
    .odometryCANRefused: Explanation(
      .odometry, .error, "the system gives no CAN socket, or it failed.",
      do: "`modprobe can_raw`; in a container, share the host's network."),
    .odometryCANSilent: Explanation(
      .odometry, .stale,
      "the bus is up, and the frames that odometry.can names do not come, or not all of them.",
      do: "`candump can0` shows what comes. Nothing at all: bitrate or wiring. Else: the identifiers."),
  ]
}
