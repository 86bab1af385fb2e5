package import Geometry
import ImageBuffers
import Quantities

/// The ideal (x/z, y/z) direction of every pixel of a camera, through its lens.
///
/// Rows are padded to whole tiles; padding pixels repeat the last real column and row.
package final class CameraRays {
  static let tileSide = 16

  let size: ImageSize
  let paddedSize: ImageSize
  let x: Plane<Float>
  let y: Plane<Float>
  /// Largest focal length of the image, pixels per unit of direction: the finest pixel footprint.
  let focalLength: Float
  /// Outline of each tile in ideal coordinates, half a pixel wider than its pixels' centres.
  let tiles: [ScreenRectangle]
  let tileColumns: Int
  let tileRows: Int

  /// - Parameter calibration: K and distortion of the image to draw (P and R play no part).
  package init(_ calibration: CameraCalibration) {
    let side = Self.tileSide
    let k = calibration.intrinsics
    let size = calibration.size
    let columns = (size.width + side - 1) / side
    let rows = (size.height + side - 1) / side
    var planeX = Plane<Float>(width: columns * side, height: rows * side)
    var planeY = Plane<Float>(width: columns * side, height: rows * side)
    for v in 0..<(rows * side) {
      var rowX = planeX.mutableRow(v)
      var rowY = planeY.mutableRow(v)
      for u in 0..<(columns * side) {
        let seen = k.unproject(u: Double(min(u, size.width - 1)), v: Double(min(v, size.height - 1)))
        let ideal = calibration.distortion.undistort(x: seen.x, y: seen.y) ?? seen
        rowX[u] = Float(ideal.x)
        rowY[u] = Float(ideal.y)
      }
    }
    let halfPixel = Float(0.75 / min(k.fx, k.fy))
    var tiles: [ScreenRectangle] = []
    for row in 0..<rows {
      for column in 0..<columns {
        var outline = ScreenRectangle.empty
        for v in (row * side)..<(row * side + side) {
          for u in (column * side)..<(column * side + side) {
            outline.include(planeX.row(v)[u], planeY.row(v)[u])
          }
        }
        tiles.append(outline.widened(by: halfPixel))
      }
    }
    self.size = size
    self.paddedSize = ImageSize(width: columns * side, height: rows * side)
    self.x = planeX
    self.y = planeY
    self.focalLength = Float(max(k.fx, k.fy))
    self.tiles = tiles
    self.tileColumns = columns
    self.tileRows = rows
  }
}

/// A rectangle in ideal image coordinates (x/z, y/z).
struct ScreenRectangle {
  var minX: Float
  var maxX: Float
  var minY: Float
  var maxY: Float

  static let empty = ScreenRectangle(minX: .infinity, maxX: -.infinity, minY: .infinity, maxY: -.infinity)

  @inline(__always)
  mutating func include(_ x: Float, _ y: Float) {
    minX = min(minX, x)
    maxX = max(maxX, x)
    minY = min(minY, y)
    maxY = max(maxY, y)
  }

  @inline(__always)
  func overlaps(_ other: ScreenRectangle) -> Bool {
    minX <= other.maxX && other.minX <= maxX && minY <= other.maxY && other.minY <= maxY
  }

  func widened(by margin: Float) -> ScreenRectangle {
    ScreenRectangle(minX: minX - margin, maxX: maxX + margin, minY: minY - margin, maxY: maxY + margin)
  }
}
