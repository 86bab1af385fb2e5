import ImageBuffers
import Preprocessing
import Quantities
import WireFormat

/// Brings true depth of the captured pixels onto the published grid, by the nearest captured pixel: depth is
/// never averaged across an edge.
struct TruthSampler: ~Copyable {
  /// Per grid pixel, the captured pixel's place as row * width + column; -1 where the camera sees nothing.
  private let source: [Int32]
  private let capturedSize: ImageSize
  private(set) var depth: Plane<Float>

  init(grid: PublishedGrid) {
    capturedSize = grid.capturedSize
    var source = [Int32](repeating: -1, count: grid.size.pixelCount)
    for y in 0..<grid.size.height {
      for x in 0..<grid.size.width {
        let pixel = grid.capturedPixel(u: Double(x), v: Double(y))
        let column = pixel.u.rounded()
        let row = pixel.v.rounded()
        guard pixel.isVisible, column >= 0, row >= 0, column < Double(capturedSize.width),
          row < Double(capturedSize.height)
        else { continue }
        source[y * grid.size.width + x] = Int32(row) * Int32(capturedSize.width) + Int32(column)
      }
    }
    self.source = source
    self.depth = Plane(width: grid.size.width, height: grid.size.height)
  }

  /// Writes the grid's depth as a 32FC1 payload.
  func encode(into payload: inout ByteWriter) {
    PlaneEncoding.encode(depth, into: &payload)
  }

  /// Refills `depth` from true depth of the captured pixels; all unknown when the frame carries none.
  mutating func run(_ frame: borrowing CameraFrame) {
    guard let truth = frame.trueDepthPixels else {
      depth.fill(.nan)
      return
    }
    precondition(frame.image.size == capturedSize, "the frame has another size than the grid was made for")
    let width = depth.width
    for y in 0..<depth.height {
      let row = depth.baseAddress + y * depth.rowStride
      for x in 0..<width {
        let place = Int(source[y * width + x])
        row[x] =
          place < 0
          ? .nan
          : truth.start[place / capturedSize.width * truth.rowStride + place % capturedSize.width]
      }
    }
  }
}
