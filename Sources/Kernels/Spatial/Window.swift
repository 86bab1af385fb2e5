// The geometry that convolution and pooling share.

/// A two-dimensional sliding window: kernel, stride, dilation and padding, with the sizes they connect.
package struct Window: Sendable, Equatable {
  package var inputHeight, inputWidth: Int
  package var kernelHeight, kernelWidth: Int
  package var strideY, strideX: Int
  package var dilationY, dilationX: Int
  package var padTop, padLeft, padBottom, padRight: Int
  package var outputHeight, outputWidth: Int

  package init(
    input: (height: Int, width: Int), kernel: (height: Int, width: Int), stride: (y: Int, x: Int) = (1, 1),
    dilation: (y: Int, x: Int) = (1, 1), pad: (top: Int, left: Int, bottom: Int, right: Int) = (0, 0, 0, 0),
    roundUp: Bool = false
  ) {
    inputHeight = input.height
    inputWidth = input.width
    kernelHeight = kernel.height
    kernelWidth = kernel.width
    strideY = stride.y
    strideX = stride.x
    dilationY = dilation.y
    dilationX = dilation.x
    padTop = pad.top
    padLeft = pad.left
    padBottom = pad.bottom
    padRight = pad.right
    outputHeight = Window.outputLength(
      input.height, kernel.height, stride.y, dilation.y, pad.top, pad.bottom, roundUp)
    outputWidth = Window.outputLength(
      input.width, kernel.width, stride.x, dilation.x, pad.left, pad.right, roundUp)
  }

  /// Rows of the padded input that `count` neighbouring output rows read.
  @inline(__always)
  package func inputRows(forOutputRows count: Int) -> Int {
    (count - 1) * strideY + (kernelHeight - 1) * dilationY + 1
  }

  /// ONNX's output length. With `roundUp`, a last window that would start in the end padding is dropped.
  private static func outputLength(
    _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int, _ roundUp: Bool
  ) -> Int {
    let span = input + before + after - (dilation * (kernel - 1) + 1)
    guard span >= 0 else { return 0 }
    guard roundUp else { return span / stride + 1 }
    let length = (span + stride - 1) / stride + 1
    return (length - 1) * stride >= input + before ? length - 1 : length
  }
}

/// How positions outside the image are filled.
package enum BorderMode: Sendable, Equatable {
  case zero
  /// Mirror without repeating the edge: index -1 is 1.
  case reflect
  /// Repeat the edge: index -1 is 0.
  case edge

  /// The source index for `index` in `0..<length`, or nil where the value is zero.
  @inline(__always)
  package func source(_ index: Int, _ length: Int) -> Int? {
    if index >= 0 && index < length { return index }
    switch self {
    case .zero: return nil
    case .edge: return index < 0 ? 0 : length - 1
    case .reflect:
      guard length > 1 else { return 0 }
      let period = 2 * (length - 1)
      let wrapped = ((index % period) + period) % period
      return wrapped < length ? wrapped : period - wrapped
    }
  }
}
