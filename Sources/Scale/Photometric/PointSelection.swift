/// Chooses textured places, spread over the image: the best one of each cell.
///
/// The worth of a place is the smaller eigenvalue of its gradients' second moments plus a share of the larger
/// one: corners first, but an edge across the motion is worth having where there is no corner.
/// - Source: Shi and Tomasi 1994, "Good features to track".
struct PointSelection {
  private static let columns = 22
  private static let rows = 8
  /// Most points there can be.
  static let capacity = columns * rows
  /// Weight of the larger eigenvalue.
  private static let edgeShare: Float = 0.1
  /// Least worth, in squared grey steps of a normalised image (1 = 57 of 255).
  private static let leastWorth: Float = 0.0012
  /// Image border that holds no point, pixels of the finest level.
  private static let border = 8

  /// Fills `points` with at most one point for each cell.
  ///
  /// - Parameters:
  ///   - image: middle level of the newer frame.
  ///   - depth: network depth on the finest level's pixels times `step`.
  static func run(
    _ image: LumaImage, depth: NetworkDepth, into points: inout [PatchPoint]
  ) {
    points.removeAll(keepingCapacity: true)
    let margin = border / 2
    let width = image.width - 2 * margin
    let height = image.height - 2 * margin
    for row in 0..<rows {
      let top = margin + row * height / rows
      let bottom = margin + (row + 1) * height / rows
      for column in 0..<columns {
        let left = margin + column * width / columns
        let right = margin + (column + 1) * width / columns
        var best = leastWorth
        var place: SIMD2<Float>?
        for y in stride(from: top, to: bottom, by: 2) {
          for x in stride(from: left, to: right, by: 2) {
            let worth = worth(image, x, y)
            if worth > best {
              best = worth
              // The corner between four pixels of the middle level is a corner between pixels of the finest.
              place = SIMD2(Float(2 * x) + 1.5, Float(2 * y) + 1.5)
            }
          }
        }
        guard let place, let point = depth.point(at: place) else { continue }
        points.append(point)
      }
    }
  }

  /// Of the 4x4 pixels around the corner below and right of pixel (x, y).
  @inline(__always)
  private static func worth(_ image: LumaImage, _ x: Int, _ y: Int) -> Float {
    var xx: Float = 0
    var xy: Float = 0
    var yy: Float = 0
    for v in (y - 1)...(y + 2) {
      let row = image.start + v * image.stride
      for u in (x - 1)...(x + 2) {
        let dx = row[u + 1] - row[u - 1]
        let dy = row[u + image.stride] - row[u - image.stride]
        xx += dx * dx
        xy += dx * dy
        yy += dy * dy
      }
    }
    let mean = 0.5 * (xx + yy)
    let spread = (0.25 * (xx - yy) * (xx - yy) + xy * xy).squareRoot()
    // Sixteen pixels, differences over two pixels.
    return (mean - spread + edgeShare * (mean + spread)) / 64
  }
}
