// The one table of accepted operators. Loading, the node tests and docs/operators.md all read it.

/// Every operator this engine accepts.
package enum OperatorCatalog {
  /// Definitions by ONNX name.
  package static let definitions: [String: OperatorDefinition] = Dictionary(
    (UnaryOperators.all + BinaryOperators.all + ShapeOperators.all + MovementOperators.all + PadOperator.all
      + CastOperator.all + ConvolutionOperators.all + PoolingOperators.all + ResizeOperators.all
      + ReductionOperators.all + MatrixOperators.all).map { ($0.name, $0) },
    uniquingKeysWith: { first, _ in first })

  /// Versions of the standard operator set whose semantics the definitions follow.
  package static let opsets = 7...28
}
