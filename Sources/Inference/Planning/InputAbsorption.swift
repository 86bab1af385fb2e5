// Lets convolutions read through padding, channel scaling, concatenation and nearest upsampling, so that none
// of these is ever written to memory.
internal import Kernels

struct InputAbsorption {
  private var producers: [ObjectIdentifier: PlanNode] = [:]

  static func run(_ graph: inout PlanGraph) {
    var absorption = InputAbsorption()
    for node in graph.nodes {
      for output in node.outputs { absorption.producers[ObjectIdentifier(output)] = node }
    }
    for node in graph.nodes {
      switch node.operation {
      case .fusedConvolution(var fused):
        absorption.absorb(into: &fused, of: node)
        node.operation = .fusedConvolution(fused)
      case .globalAverage:
        // The mean over a concatenation is the concatenation of means; repeated pixels do not change a mean.
        if let input = node.inputs[0] { node.inputs = absorption.segments(of: input).map(\.value) }
      default: break
      }
    }
  }

  private func producer(_ value: PlanValue) -> PlanNode? { producers[ObjectIdentifier(value)] }

  private func absorb(into fused: inout FusedConvolution, of node: PlanNode) {
    guard var input = node.inputs[0] else { return }
    let trailing = Array(node.inputs.dropFirst())
    input = absorbPadding(input, into: &fused)
    guard !fused.isDepthwise else {
      node.inputs = [input] + trailing
      return
    }
    var scale: [PlanValue?] = []
    if let (image, factors) = channelScale(input) {
      scale = [factors]
      fused.hasScale = true
      input = image
    }
    let segments = segments(of: input)
    fused.repetitions = segments.map(\.repetition)
    node.inputs = segments.map(\.value) + scale + trailing
  }

  private func absorbPadding(_ input: PlanValue, into fused: inout FusedConvolution) -> PlanValue {
    let w = fused.window
    guard let pad = producer(input),
      case .padPlane(let mode, let top, let left, let bottom, let right) = pad.operation,
      w.padTop + w.padLeft + w.padBottom + w.padRight == 0, let source = pad.inputs[0],
      source.type.shape[0] == 1
    else { return input }
    fused.border = mode
    fused.window.padTop = top
    fused.window.padLeft = left
    fused.window.padBottom = bottom
    fused.window.padRight = right
    fused.window.inputHeight = source.type.shape[2]
    fused.window.inputWidth = source.type.shape[3]
    return source
  }

  /// The image and the factors of a product image (1, C, H, W) * factors (1, C, 1, 1).
  private func channelScale(_ input: PlanValue) -> (PlanValue, PlanValue)? {
    guard let product = producer(input), case .binary(.multiply) = product.operation,
      let left = product.inputs[0], let right = product.inputs[1]
    else { return nil }
    let shape = input.type.shape
    let factors = [1, shape[1], 1, 1]
    if left.type.shape == shape && right.type.shape == factors { return (left, right) }
    if right.type.shape == shape && left.type.shape == factors { return (right, left) }
    return nil
  }

  private func segments(of input: PlanValue) -> [(value: PlanValue, repetition: Int)] {
    if let node = producer(input) {
      if case .concatChannels = node.operation, input.type.shape[0] == 1 {
        return node.inputs.compactMap { $0 }.flatMap { segments(of: $0) }
      }
      if case .resize(let rows, let columns) = node.operation, let factor = rows.repetition,
        columns.repetition == factor, let source = node.inputs[0]
      {
        // Repetitions of repetitions multiply; a concatenation below would need one factor for all parts.
        let inner = segments(of: source)
        if inner.count == 1 { return [(inner[0].value, inner[0].repetition * factor)] }
        return [(source, factor)]
      }
    }
    return [(input, 1)]
  }
}
