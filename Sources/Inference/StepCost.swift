// What one step of a session does, in numbers that do not depend on the machine's mood: for profiles, for the
// roofline in docs/benchmarks/engine.md and for the gate on work per run.

internal import Kernels

/// One step of a planned network.
public struct StepCost: Sendable, Equatable {
  /// The tensor the step writes, as the file names it.
  public let output: String
  /// The ONNX operator, or `relayout` for a conversion between layouts.
  public let operatorName: String
  /// Which kernel runs it: "winograd", "direct", "depthwise", "dot" (to one channel), "blocked" or "plain".
  public let kernel: String
  /// Inputs a convolution reads through, as "64 + 2x128 scaled": channels, repetition; empty for others.
  public let detail: String
  /// Shape of the output, and of a convolution's window as "3x3/2", empty for others.
  public let shape: [Int]
  public let window: String
  /// Multiply-adds of a convolution in its direct form, for any kernel; 0 for other steps.
  public let multiplyAdds: Int
  /// Bytes of activations read and written.
  public let bytesMoved: Int

  /// About how long one core takes, counted from products and bytes alone, nanoseconds: the same in every run.
  ///
  /// - Source: roofline (Williams et al. 2009) with the rates that `depthctl bench --profile` shows, products of a
  ///   convolution in its direct form.
  public var nominalNanoseconds: Double {
    let productsPerNanosecond = kernel == "winograd" ? 250.0 : 100.0
    let bytesPerNanosecond = 12.5
    return max(Double(multiplyAdds) / productsPerNanosecond, Double(bytesMoved) / bytesPerNanosecond)
  }
}

extension Session {
  /// About how long one run takes on one core, nanoseconds: the sum of its steps' `StepCost.nominalNanoseconds`.
  public var nominalNanoseconds: Double { costs.reduce(0) { $0 + $1.nominalNanoseconds } }
}

extension StepCost {
  init(_ node: PlanNode, kernel: String) {
    let value = node.outputs[0]
    output = value.name
    operatorName = node.operatorName
    self.kernel = kernel
    shape = value.type.shape
    var multiplyAdds = 0
    var window = ""
    var detail = ""
    if case .fusedConvolution(let fused) = node.operation {
      let w = fused.window
      let channels = fused.isDepthwise ? 1 : fused.inChannels
      multiplyAdds = value.type.elementCount * channels * w.kernelHeight * w.kernelWidth
      let segments = zip(node.inputs, fused.repetitions).map { input, repetition in
        (repetition > 1 ? "\(repetition)x" : "") + "\(input?.type.shape[1] ?? 0)"
      }
      detail =
        segments.joined(separator: "+") + (fused.hasScale ? " scaled" : "")
        + (fused.hasResidual ? " residual" : "") + (fused.function.map { " \($0)" } ?? "")
      window = "\(w.kernelHeight)x\(w.kernelWidth)" + (w.strideX > 1 ? "/\(w.strideX)" : "")
    }
    self.detail = detail
    self.multiplyAdds = multiplyAdds
    self.window = window
    if node.sharesMemory {
      bytesMoved = 0
    } else {
      let read = node.inputs.compactMap { $0 }.filter { $0.constant == nil }.map(\.storageByteCount)
      bytesMoved = (read + node.outputs.map(\.storageByteCount)).reduce(0, +)
    }
  }
}
