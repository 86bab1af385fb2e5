import Quantities

/// How a query finds its references.
public enum PriorSearch: String, Sendable, CaseIterable {
  /// Every reference is looked at.
  case exact
  /// The references of a few clusters are looked at; all others speak through the moments of theirs. About five times
  /// faster; what it costs in accuracy depends on the bank (docs/benchmarks/prior-bank.md).
  case twoLevel = "two_level"
}

/// Attention planned for a bank and a feature map.
protocol PanelAttention: AnyObject {
  /// Gathers for all panels.
  func run(_ executor: any ParallelExecutor)
  /// Completes what one panel gathered.
  func merge(panel: Int)
  /// What a panel gathered, after `run` and `merge`.
  func sums(panel: Int) -> AttentionSums
}
