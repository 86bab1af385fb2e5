// Element-wise functions of one tensor.
internal import Kernels

enum UnaryOperators {
  static let all: [OperatorDefinition] =
    [
      plain("Relu", .relu), plain("Sigmoid", .sigmoid), plain("HardSwish", .hardSwish), plain("Tanh", .tanh),
      plain("Erf", .erf), plain("Exp", .exp), plain("Log", .log), plain("Sqrt", .sqrt), plain("Abs", .abs),
      plain("Neg", .negate), plain("Reciprocal", .reciprocal), plain("Floor", .floor), plain("Ceil", .ceil),
      plain("Softplus", .softplus),
    ] + parametric

  private static let parametric: [OperatorDefinition] = [
    OperatorDefinition("LeakyRelu") { node throws(InferenceError) in
      try lowered(node, .leakyRelu(slope: node.float("alpha") ?? 0.01))
    },
    OperatorDefinition("Elu") { node throws(InferenceError) in
      try lowered(node, .elu(alpha: node.float("alpha") ?? 1))
    },
    OperatorDefinition("HardSigmoid") { node throws(InferenceError) in
      try lowered(node, .hardSigmoid(alpha: node.float("alpha") ?? 0.2, beta: node.float("beta") ?? 0.5))
    },
    OperatorDefinition("Gelu") { node throws(InferenceError) in
      switch node.string("approximate") ?? "none" {
      case "none": return try lowered(node, .gelu)
      case "tanh": return try lowered(node, .geluTanh)
      case let other: throw node.unsupported("approximate", other, accepted: "none, tanh")
      }
    },
    OperatorDefinition("Clip", lowerClip),
  ]

  private static func plain(_ name: String, _ function: UnaryFunction) -> OperatorDefinition {
    OperatorDefinition(name) { node throws(InferenceError) in try lowered(node, function) }
  }

  private static func lowered(
    _ node: NodeContext, _ function: UnaryFunction
  ) throws(InferenceError) -> Lowering {
    Lowering([try node.floatType(0)], .unary(function))
  }

  /// Bounds are attributes before opset 11 and optional inputs since.
  @Sendable
  private static func lowerClip(_ node: NodeContext) throws(InferenceError) -> Lowering {
    func bound(_ attribute: String, _ position: Int, _ otherwise: Float) throws(InferenceError) -> Float {
      if node.opset < 11 { return node.float(attribute) ?? otherwise }
      guard node.has(position) else { return otherwise }
      return try node.constant(position, attribute).floats.first ?? otherwise
    }
    let minimum = try bound("min", 1, -.infinity)
    let maximum = try bound("max", 2, .infinity)
    return try lowered(node, .clip(minimum: minimum, maximum: maximum))
  }
}
