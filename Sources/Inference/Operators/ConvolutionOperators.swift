// Conv, ConvTranspose and the normalisations that scale channels.
package import Kernels

/// A convolution with its weights, in the form planning rewrites: bias, residual and activation may be merged
/// into it, and its input may become several tensors.
package struct Convolution: Sendable {
  package var window: Window
  package var border = BorderMode.zero
  package var groups: Int
  package var inChannels: Int
  package var outChannels: Int
  package var activation: UnaryFunction?
}

enum ConvolutionOperators {
  static let all: [OperatorDefinition] = [
    OperatorDefinition("Conv", lowerConv),
    OperatorDefinition("ConvTranspose", lowerTransposed),
    OperatorDefinition("BatchNormalization", lowerBatchNormalization),
    OperatorDefinition("InstanceNormalization", lowerInstanceNormalization),
  ]

  /// Inputs: image (N, C, H, W) or (N, C, L), weights, optional bias.
  @Sendable
  private static func lowerConv(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let image = try node.floatType(0).shape
    let weights = try node.floatType(1).shape
    guard image.count == weights.count, image.count == 3 || image.count == 4 else {
      throw node.mismatch("input \(image) and weights \(weights) are not a 1-D or 2-D convolution")
    }
    let groups = node.int("group") ?? 1
    guard groups > 0, image[1] == weights[1] * groups, weights[0] % groups == 0 else {
      throw node.mismatch("weights \(weights) in \(groups) group(s) do not fit input \(image)")
    }
    if node.has(2), try node.shape(2) != [weights[0]] {
      throw node.mismatch("bias \(try node.shape(2)) does not fit \(weights[0]) output channels")
    }
    let window = try window(node, image: image, kernel: Array(weights[2...]))
    guard window.outputHeight > 0 && window.outputWidth > 0 else {
      throw node.mismatch("input \(image) is smaller than the kernel \(weights)")
    }
    let spatial = image.count == 4 ? [window.outputHeight, window.outputWidth] : [window.outputWidth]
    return Lowering(
      [TensorType(.float32, [image[0], weights[0]] + spatial)],
      .convolution(
        Convolution(window: window, groups: groups, inChannels: image[1], outChannels: weights[0])))
  }

  /// Reads strides, dilations, pads and auto_pad; a 1-D window becomes one of height one.
  static func window(
    _ node: NodeContext, image: [Int], kernel: [Int], roundUp: Bool = false
  ) throws(InferenceError) -> Window {
    let axes = kernel.count
    func pair(_ values: [Int]?) -> [Int] {
      let given = values ?? [Int](repeating: 1, count: axes)
      return axes == 1 ? [1] + given : given
    }
    let stride = pair(node.ints("strides"))
    let dilation = pair(node.ints("dilations"))
    let size = axes == 1 ? [1, image[2]] : [image[2], image[3]]
    let kernel = axes == 1 ? [1] + kernel : kernel
    guard stride.count == 2, dilation.count == 2, stride.allSatisfy({ $0 > 0 }),
      dilation.allSatisfy({ $0 > 0 })
    else { throw node.mismatch("strides and dilations must be positive, one per axis") }
    var pads = node.ints("pads") ?? [Int](repeating: 0, count: 2 * axes)
    if axes == 1 && pads.count == 2 { pads = [0, pads[0], 0, pads[1]] }
    guard pads.count == 4 else { throw node.mismatch("\(pads.count) pads for \(axes) axes") }
    let automatic = node.string("auto_pad") ?? "NOTSET"
    if automatic == "SAME_UPPER" || automatic == "SAME_LOWER" {
      for axis in 0..<2 {
        let output = (size[axis] + stride[axis] - 1) / stride[axis]
        let span = (output - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
        let total = max(0, span - size[axis])
        pads[axis] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
        pads[axis + 2] = total - pads[axis]
      }
    } else if automatic == "VALID" {
      pads = [0, 0, 0, 0]
    }
    return Window(
      input: (size[0], size[1]), kernel: (kernel[0], kernel[1]), stride: (stride[0], stride[1]),
      dilation: (dilation[0], dilation[1]), pad: (pads[0], pads[1], pads[2], pads[3]), roundUp: roundUp)
  }

  @Sendable
  private static func lowerTransposed(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let image = try node.floatType(0).shape
    let weights = try node.floatType(1).shape
    let groups = node.int("group") ?? 1
    guard image.count == 4, weights.count == 4, image[1] == weights[0] else {
      throw node.mismatch("input \(image) and weights \(weights) are not a 2-D transposed convolution")
    }
    let window = try transposedWindow(node, image: image, kernel: Array(weights[2...]))
    let outChannels = weights[1] * groups
    let batch = image[0]
    return Lowering(
      [TensorType(.float32, [batch, outChannels, window.inputHeight, window.inputWidth])],
      .general { inputs, outputs in
        guard let source = inputs[0], let kernel = inputs[1] else { return { _ in } }
        let bias = inputs.count > 2 ? inputs[2] : nil
        let target = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          referenceTransposedConvolution(
            source.assumingMemoryBound(to: Float.self), weights: kernel.assumingMemoryBound(to: Float.self),
            bias: bias?.assumingMemoryBound(to: Float.self), into: target, batch: batch, inChannels: image[1],
            outChannels: outChannels, groups: groups, window: window, executor: executor)
        }
      })
  }

  /// The forward window whose gradient the transposed convolution is.
  private static func transposedWindow(
    _ node: NodeContext, image: [Int], kernel: [Int]
  ) throws(InferenceError) -> Window {
    let stride = node.ints("strides") ?? [1, 1]
    let dilation = node.ints("dilations") ?? [1, 1]
    let extra = node.ints("output_padding") ?? [0, 0]
    var pads = node.ints("pads") ?? [0, 0, 0, 0]
    let automatic = node.string("auto_pad") ?? "NOTSET"
    var size = [0, 0]
    for axis in 0..<2 {
      let full = stride[axis] * (image[2 + axis] - 1) + extra[axis] + dilation[axis] * (kernel[axis] - 1) + 1
      let wanted: Int? =
        node.ints("output_shape").map { $0[$0.count - 2 + axis] }
        ?? (automatic.hasPrefix("SAME") ? image[2 + axis] * stride[axis] : nil)
      if let wanted {
        let total = max(0, full - wanted)
        pads[axis] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2
        pads[axis + 2] = total - pads[axis]
        size[axis] = wanted
      } else {
        size[axis] = full - pads[axis] - pads[axis + 2]
      }
    }
    var window = Window(
      input: (size[0], size[1]), kernel: (kernel[0], kernel[1]), stride: (stride[0], stride[1]),
      dilation: (dilation[0], dilation[1]), pad: (pads[0], pads[1], pads[2], pads[3]))
    window.outputHeight = image[2]
    window.outputWidth = image[3]
    return window
  }

  /// Inference form: per-channel factor and offset from constant statistics.
  @Sendable
  private static func lowerBatchNormalization(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.floatType(0)
    if node.int("training_mode") == 1 { throw node.unsupported("training_mode", "1", accepted: "0") }
    let epsilon = node.float("epsilon") ?? 1e-5
    let scale = try node.constant(1, "scale").floats
    let bias = try node.constant(2, "bias").floats
    let mean = try node.constant(3, "mean").floats
    let variance = try node.constant(4, "variance").floats
    let channels = type.shape.count > 1 ? type.shape[1] : 1
    guard [scale, bias, mean, variance].allSatisfy({ $0.count == channels }) else {
      throw node.mismatch("statistics do not have \(channels) channels")
    }
    let factor = (0..<channels).map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
    let offset = (0..<channels).map { bias[$0] - mean[$0] * factor[$0] }
    return Lowering([type], .channelAffine(factor: factor, offset: offset))
  }

  @Sendable
  private static func lowerInstanceNormalization(_ node: NodeContext) throws(InferenceError) -> Lowering {
    let type = try node.floatType(0)
    let epsilon = node.float("epsilon") ?? 1e-5
    let scale = try node.constant(1, "scale").floats
    let bias = try node.constant(2, "bias").floats
    let rows = type.shape[0] * type.shape[1]
    let count = type.shape[2...].reduce(1, *)
    return Lowering(
      [type],
      .general { inputs, outputs in
        guard let source = inputs[0]?.assumingMemoryBound(to: Float.self) else { return { _ in } }
        let target = outputs[0].assumingMemoryBound(to: Float.self)
        return { executor in
          layerNormalization(
            source, into: target, rows: rows, count: count, scale: nil, bias: nil, epsilon: epsilon,
            executor: executor)
          for row in 0..<rows {
            let channel = row % scale.count
            UnaryFunction.affine(factor: scale[channel], offset: bias[channel])
              .apply(target + row * count, into: target + row * count, count: count)
          }
        }
      })
  }
}
