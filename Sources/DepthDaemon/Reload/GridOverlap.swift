package import Preprocessing
import Quantities

/// Which pixel of one published grid shows what a pixel of another shows. Made once for a comparison.
package struct GridOverlap: Sendable {
  /// Places in the two maps, row by row.
  package let pairs: [(first: Int32, second: Int32)]

  /// - Parameter step: every so many pixels of the first grid, across and down.
  package init(_ first: PublishedGrid, _ second: PublishedGrid, step: Int = 2) {
    var pairs: [(first: Int32, second: Int32)] = []
    for y in stride(from: 0, to: first.size.height, by: step) {
      for x in stride(from: 0, to: first.size.width, by: step) {
        let captured = first.capturedPixel(u: Double(x), v: Double(y))
        guard captured.isVisible, Self.isInside(captured.u, captured.v, first.capturedSize),
          let shown = second.gridPixel(capturedU: captured.u, v: captured.v)
        else { continue }
        let column = shown.u.rounded()
        let row = shown.v.rounded()
        guard Self.isInside(column, row, second.size) else { continue }
        pairs.append(
          (Int32(y * first.size.width + x), Int32(row) * Int32(second.size.width) + Int32(column)))
      }
    }
    self.pairs = pairs
  }

  private static func isInside(_ u: Double, _ v: Double, _ size: ImageSize) -> Bool {
    u >= 0 && v >= 0 && u <= Double(size.width - 1) && v <= Double(size.height - 1)
  }
}
