/// What the handlers of control requests look at and work with; confined to the supervisor.
struct ControlContext {
  let reporter: StatusReporter
  let reload: ReloadCoordinator
  let scale: ScaleClerk
}

extension ControlHandler where Context == ControlContext {
  /// Every kind of request the daemon answers, one file each in this folder.
  static var all: [ControlHandler] {
    [
      .status, .events, .reload, .modelExchange, .modelRollback, .modelShow, .scale, .scaleSet, .scaleReset,
      .scaleHistory,
    ]
  }
}
