// The obvious convolutions: plain NCHW, one output at a time. They define what the fast kernels must give,
// and run the shapes those do not take (grouped, transposed).
package import Quantities

/// Cross-correlation with groups: input (N, C, H, W), weights (M, C/groups, kH, kW), bias (M) or nil.
package func referenceConvolution(
  _ input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
  into output: UnsafeMutablePointer<Float>, batch: Int, inChannels: Int, outChannels: Int, groups: Int,
  window: Window, executor: any ParallelExecutor
) {
  let w = window
  let inPlane = w.inputHeight * w.inputWidth
  let outPlane = w.outputHeight * w.outputWidth
  let inPerGroup = inChannels / groups
  let outPerGroup = outChannels / groups
  let kernelSize = w.kernelHeight * w.kernelWidth
  parallelChunks(executor, count: batch * outChannels, grain: 1) { start, end in
    for plane in start..<end {
      let channel = plane % outChannels
      let firstInput =
        input + (plane / outChannels * inChannels + channel / outPerGroup * inPerGroup) * inPlane
      let target = output + plane * outPlane
      for index in 0..<outPlane { target[index] = bias.map { $0[channel] } ?? 0 }
      for c in 0..<inPerGroup {
        let kernel = weights + (channel * inPerGroup + c) * kernelSize
        accumulatePlane(firstInput + c * inPlane, kernel, into: target, window: w)
      }
    }
  }
}

/// target += input * kernel for one channel.
private func accumulatePlane(
  _ input: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
  window w: Window
) {
  for ky in 0..<w.kernelHeight {
    for kx in 0..<w.kernelWidth {
      let weight = kernel[ky * w.kernelWidth + kx]
      for oy in 0..<w.outputHeight {
        let y = oy * w.strideY + ky * w.dilationY - w.padTop
        guard y >= 0 && y < w.inputHeight else { continue }
        for ox in 0..<w.outputWidth {
          let x = ox * w.strideX + kx * w.dilationX - w.padLeft
          guard x >= 0 && x < w.inputWidth else { continue }
          target[oy * w.outputWidth + ox] += weight * input[y * w.inputWidth + x]
        }
      }
    }
  }
}

/// Transposed convolution: input (N, C, H, W), weights (C, M/groups, kH, kW).
///
/// `window` describes the forward convolution this is the gradient of: its *output* is our input.
package func referenceTransposedConvolution(
  _ input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
  into output: UnsafeMutablePointer<Float>, batch: Int, inChannels: Int, outChannels: Int, groups: Int,
  window: Window, executor: any ParallelExecutor
) {
  let w = window
  let bigPlane = w.inputHeight * w.inputWidth
  let smallPlane = w.outputHeight * w.outputWidth
  let inPerGroup = inChannels / groups
  let outPerGroup = outChannels / groups
  let kernelSize = w.kernelHeight * w.kernelWidth
  parallelChunks(executor, count: batch * outChannels, grain: 1) { start, end in
    for plane in start..<end {
      let channel = plane % outChannels
      let group = channel / outPerGroup
      let target = output + plane * bigPlane
      for index in 0..<bigPlane { target[index] = bias.map { $0[channel] } ?? 0 }
      for c in 0..<inPerGroup {
        let source = input + ((plane / outChannels) * inChannels + group * inPerGroup + c) * smallPlane
        let kernel = weights + ((group * inPerGroup + c) * outPerGroup + channel % outPerGroup) * kernelSize
        scatterPlane(source, kernel, into: target, window: w)
      }
    }
  }
}

private func scatterPlane(
  _ source: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
  window w: Window
) {
  for ky in 0..<w.kernelHeight {
    for kx in 0..<w.kernelWidth {
      let weight = kernel[ky * w.kernelWidth + kx]
      for sy in 0..<w.outputHeight {
        let y = sy * w.strideY + ky * w.dilationY - w.padTop
        guard y >= 0 && y < w.inputHeight else { continue }
        for sx in 0..<w.outputWidth {
          let x = sx * w.strideX + kx * w.dilationX - w.padLeft
          guard x >= 0 && x < w.inputWidth else { continue }
          target[y * w.inputWidth + x] += weight * source[sy * w.outputWidth + sx]
        }
      }
    }
  }
}
