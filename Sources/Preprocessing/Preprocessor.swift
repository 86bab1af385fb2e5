import Geometry
public import ImageBuffers
import Quantities

/// Turns captured frames into network input: rectified, cut, resized and normalised in one pass.
///
/// Built once per camera, calibration and model; `run` allocates nothing.
public struct Preprocessor: ~Copyable, Sendable {
  public let grid: PublishedGrid
  public let normalization: InputNormalization
  /// Which grid pixels the camera sees, (height, width): 1 where it sees the pixel's centre.
  ///
  /// Where it is 0 the network is shown repeated border colours, and depth is unknown.
  public let validity: Plane<UInt8>
  /// Grid pixels whose validity is 1.
  public let validCount: Int
  private let sampling: Sampling
  private var rowBuffer: Plane<Float>

  private enum Sampling: Sendable {
    case separable(AreaResize)
    case table(RemapTable)
  }

  public init(grid: PublishedGrid, normalization: InputNormalization) {
    self.grid = grid
    self.normalization = normalization
    if let window = grid.axisAlignedSourceWindow {
      let resize = AreaResize(sourceSize: grid.capturedSize, window: window, size: grid.size)
      self.sampling = .separable(resize)
      self.rowBuffer = resize.makeRowBuffer()
    } else {
      self.sampling = .table(RemapTable(grid: grid))
      self.rowBuffer = Plane(width: 1, height: 1)
    }
    var validity = Plane<UInt8>(width: grid.size.width, height: grid.size.height)
    var validCount = 0
    for y in 0..<grid.size.height {
      var row = validity.mutableRow(y)
      for x in 0..<grid.size.width where grid.isSeen(x: x, y: y) {
        row[x] = 1
        validCount += 1
      }
    }
    self.validity = validity
    self.validCount = validCount
  }

  /// Number of floats `run` writes: (3, height, width) of the grid.
  public var inputCount: Int { 3 * grid.size.pixelCount }

  /// Writes the network input of one frame.
  ///
  /// - Parameters:
  ///   - image: of the grid's `capturedSize`.
  ///   - input: (3, height, width), planes red, green, blue without gaps; the engine's own input buffer.
  /// - Complexity: one pass over the source pixels under the grid.
  public mutating func run(_ image: borrowing RGBImage, into input: UnsafeMutableBufferPointer<Float>) {
    switch sampling {
    case .separable(let resize):
      resize.run(image, normalization: normalization, rowBuffer: &rowBuffer, into: input)
    case .table(let table):
      table.run(image, normalization: normalization, into: input)
    }
  }
}

extension PublishedGrid {
  /// Whether the centre of a grid pixel lies on the captured image and within what the lens shows.
  func isSeen(x: Int, y: Int) -> Bool {
    let pixel = capturedPixel(u: Double(x), v: Double(y))
    return pixel.isVisible && pixel.u >= -0.5 && pixel.v >= -0.5
      && pixel.u <= Double(capturedSize.width) - 0.5 && pixel.v <= Double(capturedSize.height) - 0.5
  }

  /// The part of the captured image that the grid shows, if that is a rectangle along its axes; nil where a
  /// lens or a rotation bends it.
  var axisAlignedSourceWindow: ImageWindow? {
    guard let rectification else { return window }
    guard rectification.isAxisAligned else { return nil }
    let start = rectification.capturedPixel(rectifiedU: window.x - 0.5, v: window.y - 0.5)
    let end = rectification.capturedPixel(
      rectifiedU: window.x + window.width - 0.5, v: window.y + window.height - 0.5)
    return ImageWindow(
      x: start.u + 0.5, y: start.v + 0.5, width: end.u - start.u, height: end.v - start.v)
  }
}
