import WireFormat

/// One wish for another configuration.
package struct ReloadJob: Equatable, Sendable {
  package enum Trigger: String, Sendable {
    case command, signal, watch
    case modelExchange = "model_exchange"
    case modelRollback = "model_rollback"
    case calibrationApply = "calibration_apply"
    case calibrationRollback = "calibration_rollback"
  }

  package var trigger: Trigger
  /// What a command puts in the place of the file's own value, or takes away; nil for a plain reload.
  package var edit: ConfigurationOverrides.Edit?
  /// Do everything but apply it.
  package var isDryRun = false
  /// Take a new model without comparing it.
  package var skipsComparison = false

  package init(trigger: Trigger, edit: ConfigurationOverrides.Edit? = nil) {
    self.trigger = trigger
    self.edit = edit
  }
}
