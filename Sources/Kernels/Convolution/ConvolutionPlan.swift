// What a fast convolution is told: its shape before its weights are packed, and its buffers when it runs.
package import Quantities

/// Everything fixed about one convolution before its weights are packed.
package struct ConvolutionPlan: Sendable {
  package var window: Window
  package var segments: [InputSegment]
  package var border: BorderMode
  package var outChannels: Int
  /// Lower and upper limits applied to the result; infinite for none.
  package var minimum: Float
  package var maximum: Float
  /// Applied after the limits, for activations that are not a clamp.
  package var function: UnaryFunction?
  package var hasScale: Bool

  package init(
    window: Window, segments: [InputSegment], border: BorderMode = .zero, outChannels: Int,
    minimum: Float = -.infinity, maximum: Float = .infinity, function: UnaryFunction? = nil,
    hasScale: Bool = false
  ) {
    self.window = window
    self.segments = segments
    self.border = border
    self.outChannels = outChannels
    self.minimum = minimum
    self.maximum = maximum
    self.function = function
    self.hasScale = hasScale
  }

  package var inChannels: Int { segments.reduce(0) { $0 + $1.channels } }

  /// One blocked input of stride one and no border: pixels are read where they lie, as one long row.
  package var readsInPlace: Bool {
    let w = window
    return w.kernelHeight == 1 && w.kernelWidth == 1 && w.strideX == 1 && w.strideY == 1 && !hasScale
      && w.padTop + w.padLeft + w.padBottom + w.padRight == 0
      && segments.allSatisfy { $0.isBlocked && $0.repetition == 1 }
  }
}

/// Where one run of a convolution reads and writes.
package struct ConvolutionBuffers {
  /// Address of each input segment.
  package var sources: UnsafePointer<UnsafePointer<Float>>
  package var scale: UnsafePointer<Float>?
  /// Laid out as the output, added before the activation.
  package var residual: UnsafePointer<Float>?
  /// (outChannels / 8, H, W, 8).
  package var output: UnsafeMutablePointer<Float>
  /// `scratchFloats` floats per part of the executor.
  package var scratch: UnsafeMutablePointer<Float>

  package init(
    sources: UnsafePointer<UnsafePointer<Float>>, scale: UnsafePointer<Float>?,
    residual: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    self.sources = sources
    self.scale = scale
    self.residual = residual
    self.output = output
    self.scratch = scratch
  }
}

/// A convolution that can run: packed weights and a division of the work.
package protocol PreparedConvolution: AnyObject {
  /// Its name in profiles.
  var kernelName: String { get }
  /// Floats of scratch each part needs.
  var scratchFloats: Int { get }
  func run(_ buffers: ConvolutionBuffers, _ executor: any ParallelExecutor)
}
