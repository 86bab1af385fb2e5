/// The largest of some errors; infinity when one is no number, which comparisons would lose.
public func largest(_ errors: [Float]) -> Float {
  errors.allSatisfy(\.isFinite) ? errors.max() ?? 0 : .infinity
}
