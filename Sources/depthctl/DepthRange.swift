// The range of colours for depth that is shown to people.
import ImageBuffers
import WireFormat

extension DepthColorTable {
  /// Metres are shown from 0.5 to 50 m.
  ///
  /// Network units have no such scale: the range is taken from this frame, once, and then kept, so that
  /// colours do not jump.
  static func forShowing(_ depth: borrowing Plane<Float>, unit: PayloadUnit?) -> DepthColorTable? {
    if unit == .meters || unit == .millimeters { return DepthColorTable(nearest: 0.5, farthest: 50) }
    var values: [Float] = []
    for y in stride(from: 0, to: depth.height, by: 4) {
      let row = depth.row(y)
      for x in stride(from: 0, to: depth.width, by: 4) where row[x] > 0 && row[x] < .infinity {
        values.append(row[x])
      }
    }
    guard values.count >= 20 else { return nil }
    values.sort()
    let near = values[values.count / 50]
    return DepthColorTable(nearest: near, farthest: max(near * 2, values[values.count * 98 / 100]))
  }
}
