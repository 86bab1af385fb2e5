// The graph a plan works on: values with fixed shapes, operations with their attributes read.
package import Kernels
package import Quantities

/// Work of one node on already placed buffers; called once per run and never allocates.
package typealias Step = (any ParallelExecutor) -> Void

/// Builds a step from the addresses of a node's inputs (nil where absent) and outputs.
package typealias Binder = (_ inputs: [UnsafeRawPointer?], _ outputs: [UnsafeMutableRawPointer]) -> Step

/// How a float tensor lies in memory.
package enum Layout: Sendable {
  /// Row-major, as ONNX defines it.
  case plain
  /// (N, C/8, H, W, 8) with the channel count rounded up; the surplus lanes hold anything.
  case blocked
}

/// One tensor of the plan.
package final class PlanValue {
  package let name: String
  package var type: TensorType
  /// The elements, when they do not depend on the inputs.
  package var constant: Tensor?
  package var layout = Layout.plain

  package init(name: String, type: TensorType, constant: Tensor? = nil) {
    self.name = name
    self.type = type
    self.constant = constant
  }
}

/// One operation of the plan.
package final class PlanNode {
  package var name: String
  package var operatorName: String
  package var operation: Operation
  package var inputs: [PlanValue?]
  package var outputs: [PlanValue]

  package init(
    name: String, operatorName: String, operation: Operation, inputs: [PlanValue?], outputs: [PlanValue]
  ) {
    self.name = name
    self.operatorName = operatorName
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
  }

  package var isSeam: Bool {
    if case .seam = operation { true } else { false }
  }

  /// Whether the output lies where the first input does.
  package var sharesMemory: Bool {
    switch operation {
    case .view, .seam: true
    default: false
    }
  }
}

/// What a node does. The named cases are those that planning knows how to merge or to run in blocked layout;
/// everything else is `general` and runs on plain tensors.
package enum Operation {
  /// The output is the input's bytes under another shape.
  case view
  /// The output is the input itself, in whatever layout; between the early and the late part of a run others may
  /// change it in place.
  case seam
  case general(Binder)
  /// A permutation of axes.
  case transpose([Int], Binder)
  /// NumPy's matmul.
  case matrixMultiply(Binder)
  case layerNormalization(axis: Int, epsilon: Float, Binder)
  case unary(UnaryFunction)
  case binary(BinaryFunction)
  case convolution(Convolution)
  case pool(PoolingFunction, Window)
  /// Mean over H and W of (N, C, H, W), whatever rank the output is written with.
  case globalAverage
  case resize(rows: ResizeAxis, columns: ResizeAxis)
  /// Concatenation of (N, C, H, W) along C.
  case concatChannels
  /// Padding of H and W only.
  case padPlane(BorderMode, top: Int, left: Int, bottom: Int, right: Int)
  /// A convolution on the fast path, with what was merged into it.
  case fusedConvolution(FusedConvolution)
  /// A resize followed by a sum with the second input and a clamp.
  case fusedResize(rows: ResizeAxis, columns: ResizeAxis, minimum: Float, maximum: Float)
  /// The same elements in the output's layout.
  case relayout
  /// Layer normalisation over the channels of each pixel of (1, C, H, W).
  case channelNormalization(scale: [Float], bias: [Float], epsilon: Float)
  /// x * factor[c] + offset[c] per channel of (N, C, ...).
  case channelAffine(factor: [Float], offset: [Float])
}

/// The plan before scheduling.
package struct PlanGraph {
  package var nodes: [PlanNode] = []
  package var inputs: [PlanValue] = []
  package var outputs: [PlanValue] = []
  package var outputNames: [String] = []
}
