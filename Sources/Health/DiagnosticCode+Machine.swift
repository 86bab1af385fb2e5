/// The computer and the process.
extension DiagnosticCode {
  static let machine: [DiagnosticCode: Explanation] = [
    .clockOK: Explanation(.clock, .ok, "the real-time clock runs evenly."),
    .clockStepped: Explanation(
      .clock, .warning, "the real-time clock was set within the last minute; stamps jumped, mono did not.",
      do: "Use mono for age and intervals. If it happens often, let chrony slew instead of step."),
    .clockUnset: Explanation(
      .clock, .warning, "the real-time clock is before this program was written: it was never set.",
      do: "Give the machine network time or a battery; stamps are wrong until then, mono is right."),
    .diskOK: Explanation(.disk, .ok, "the state folder can be written and has room."),
    .diskLow: Explanation(
      .disk, .warning, "the file system of the state folder is nearly full.",
      do: "Delete old recordings; `df` and `du` show where the room went."),
    .diskFull: Explanation(
      .disk, .error, "the file system of the state folder is full; nothing learned is kept.",
      do: "Make room. Depth flows on meanwhile."),
    .diskUnwritable: Explanation(
      .disk, .error, "the state folder cannot be written.",
      do: "Check state.directory, its owner, and whether the file system became read-only (`dmesg`)."),
    .temperatureOK: Explanation(.temperature, .ok, "the processor is cool enough."),
    .temperatureUnknown: Explanation(.temperature, .off, "this machine shows no temperature."),
    .temperatureHigh: Explanation(
      .temperature, .warning, "the processor is so hot that it slows down, or soon will.",
      do: "More air, less load: a smaller model.input_size or fewer model.threads."),
    .temperatureCritical: Explanation(
      .temperature, .error, "the processor is near the temperature at which the machine switches off.",
      do: "Take load away now and look at the fan."),
  ]

  static let process: [DiagnosticCode: Explanation] = [
    .daemonStarted: Explanation(.daemon, .ok, "the daemon has started."),
    .daemonStopping: Explanation(.daemon, .ok, "the daemon was asked to stop."),
    .daemonAbsent: Explanation(
      .daemon, .error, "no daemon answers.",
      do: "`systemctl status depthd` or start it by hand; --endpoint names another folder of sockets."),
    .daemonSilent: Explanation(
      .daemon, .stale, "the daemon's last word is more than three seconds old.",
      do: "It hangs or was stopped; `systemctl status depthd`."),
    .eventsSetAside: Explanation(
      .daemon, .warning, "the event log was damaged, by a power cut or by hand, and a new one was begun.",
      do: "Nothing; what could be read was kept, and the old file lies beside it as events.jsonl.damaged."),
    .configurationRefused: Explanation(
      .daemon, .error, "the configuration has faults.",
      do: "`depthctl check --config FILE` lists them all with line and column."),
    .configurationFallback: Explanation(
      .daemon, .warning, "the configuration file could not be used at the start; what ran last runs.",
      do: "Mend what the text names, then `depthctl reload` (docs/reload.md)."),
    .reloadApplied: Explanation(.daemon, .ok, "a new configuration or model runs."),
    .reloadUnchanged: Explanation(.daemon, .ok, "a reload found what runs already."),
    .reloadApplicable: Explanation(
      .daemon, .ok, "a dry run found a configuration that a reload would apply."),
    .reloadRestartNeeded: Explanation(
      .daemon, .warning, "the configuration file is good, and a key in it takes effect with a restart only.",
      do: "`systemctl restart depthd`, or put the key's old value back and reload."),
    .reloadRefused: Explanation(
      .daemon, .error, "a reload or an exchange of the model was refused; what ran before goes on.",
      do: "Mend what the text names and reload. A model that compares badly is taken with --force."),
    .healthOK: Explanation(.daemon, .ok, "depth flows as intended."),
    .healthDegraded: Explanation(.daemon, .warning, "depth flows, with the drawback that the text names."),
    .healthDown: Explanation(.daemon, .error, "no depth flows; the text says why."),
  ]
}
