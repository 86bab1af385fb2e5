// A convolution as the fast path runs it: constant weights, everything around it merged in.
package import Kernels

/// The fast kernels for convolutions.
package enum ConvolutionKernel: Sendable {
  case direct, winograd, depthwise, singleChannel
}

/// A convolution with batch one, its weights known, and whatever was merged into it.
///
/// The node's inputs are the segments in order, then the scale if any, then the residual if any.
package struct FusedConvolution {
  package var window: Window
  package var border = BorderMode.zero
  package var isDepthwise: Bool
  package var outChannels: Int
  /// Nearest-neighbour repetition of each input segment.
  package var repetitions: [Int] = [1]
  package var hasScale = false
  package var hasResidual = false
  /// (M, C/groups, kH, kW), before the factors.
  private var source: Tensor
  /// One per output channel.
  package private(set) var factors: [Float]
  package var bias: [Float]
  package var minimum = -Float.infinity
  package var maximum = Float.infinity
  package var function: UnaryFunction?

  /// Input channels over all segments.
  package var inChannels = 0

  package var scaleIndex: Int? { hasScale ? repetitions.count : nil }
  package var residualIndex: Int? { hasResidual ? repetitions.count + (hasScale ? 1 : 0) : nil }
  /// The fast kernel that runs it.
  package var kernel: ConvolutionKernel {
    if isDepthwise { return .depthwise }
    if outChannels == 1 && !hasResidual && inChannels >= 4 { return .singleChannel }
    return WinogradConvolution.suits(window, inChannels: inChannels, outChannels: outChannels)
      ? .winograd : .direct
  }

  package var isActivated: Bool { function != nil || minimum != -.infinity || maximum != .infinity }

  /// Nil when the node is not such a convolution.
  package init?(_ convolution: Convolution, _ node: PlanNode) {
    let shape = node.outputs[0].type.shape
    guard shape.count == 4, shape[0] == 1, let weights = node.inputs[1]?.constant else { return nil }
    let groups = convolution.groups
    isDepthwise = groups > 1 && groups == convolution.inChannels && groups == convolution.outChannels
    guard groups == 1 || isDepthwise else { return nil }
    if node.inputs.count > 2, let value = node.inputs[2] {
      guard let constant = value.constant else { return nil }
      bias = constant.floats
    } else {
      bias = [Float](repeating: 0, count: convolution.outChannels)
    }
    window = convolution.window
    outChannels = convolution.outChannels
    inChannels = convolution.inChannels
    source = weights
    factors = [Float](repeating: 1, count: convolution.outChannels)
  }

  /// Scales and shifts the outputs: weights and bias take the factors, exactly.
  package mutating func fold(factor: [Float], offset: [Float]) {
    for channel in 0..<outChannels {
      factors[channel] *= factor[channel]
      bias[channel] = bias[channel] * factor[channel] + offset[channel]
    }
  }

  package var weightCount: Int { source.elementCount }

  /// The weights without their factors, (M, C/groups, kH, kW); afterwards there are none, so that a network's weights
  /// are never held twice.
  package mutating func takeWeights() -> Tensor {
    defer { source = Tensor([Float](), shape: [0]) }
    return source
  }

  /// Takes an activation that follows; false when it already has one.
  package mutating func activate(_ activation: UnaryFunction) -> Bool {
    guard !isActivated else { return false }
    switch activation {
    case .relu: minimum = 0
    case .clip(let low, let high): (minimum, maximum) = (low, high)
    default: function = activation
    }
    return true
  }
}
