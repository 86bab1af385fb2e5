// Pooling and resizing of images.
internal import Kernels

enum PoolingOperators {
  static let all: [OperatorDefinition] = [
    OperatorDefinition("MaxPool") { node throws(InferenceError) in
      guard node.outputCount == 1 else {
        throw node.unsupported("outputs", "Indices", accepted: "the pooled tensor only")
      }
      return try lower(node, .maximum)
    },
    OperatorDefinition("AveragePool") { node throws(InferenceError) in
      try lower(node, .average(countsPadding: node.int("count_include_pad") == 1))
    },
    OperatorDefinition("GlobalAveragePool") { node throws(InferenceError) in
      let type = try node.floatType(0)
      guard type.shape.count > 2 else { throw node.mismatch("input \(type.shape) has no spatial axes") }
      let shape = type.shape.indices.map { $0 < 2 ? type.shape[$0] : 1 }
      return Lowering([TensorType(.float32, shape)], .globalAverage)
    },
    OperatorDefinition("GlobalMaxPool") { node throws(InferenceError) in
      let type = try node.floatType(0)
      guard type.shape.count > 2 else { throw node.mismatch("input \(type.shape) has no spatial axes") }
      let shape = type.shape.indices.map { $0 < 2 ? type.shape[$0] : 1 }
      return Lowering(
        [TensorType(.float32, shape)],
        ReductionOperators.reduction(.maximum, type.shape, Set(2..<type.shape.count)))
    },
  ]

  private static func lower(_ node: NodeContext, _ function: PoolingFunction) throws(InferenceError)
    -> Lowering
  {
    let image = try node.floatType(0).shape
    let kernel = node.ints("kernel_shape") ?? []
    guard image.count == kernel.count + 2, image.count == 3 || image.count == 4 else {
      throw node.unsupported("kernel_shape", "\(kernel)", accepted: "1-D and 2-D windows that fit the input")
    }
    let window = try ConvolutionOperators.window(
      node, image: image, kernel: kernel, roundUp: node.int("ceil_mode") == 1)
    let spatial = image.count == 4 ? [window.outputHeight, window.outputWidth] : [window.outputWidth]
    return Lowering([TensorType(.float32, [image[0], image[1]] + spatial)], .pool(function, window))
  }
}
