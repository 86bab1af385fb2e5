public import Quantities

/// Range points on the network's pixel grid, at most one per pixel: the nearest. Metres along the optical axis.
///
/// Allocated once; `clear` costs as much as there are points.
public struct SparseDepth: ~Copyable {
  public let size: ImageSize
  /// Pixels that hold a point.
  public private(set) var count = 0
  /// (height, width), metres, 0 = no point.
  private let depths: UnsafeMutablePointer<Float>
  /// Indices into `depths` of the pixels that hold a point, in the order of arrival.
  private let pixels: UnsafeMutablePointer<Int32>

  public init(size: ImageSize) {
    self.size = size
    depths = .allocate(capacity: size.pixelCount)
    depths.initialize(repeating: 0, count: size.pixelCount)
    pixels = .allocate(capacity: size.pixelCount)
    pixels.initialize(repeating: 0, count: size.pixelCount)
  }

  deinit {
    depths.deallocate()
    pixels.deallocate()
  }

  /// What became of a point.
  public enum Insertion: Equatable, Sendable {
    /// The pixel was free.
    case inserted
    /// A farther point was there and gave way to this one.
    case replaced
    /// A nearer point is there; this one lies behind it.
    case hidden
  }

  /// Takes in a point; its depth is in metres.
  /// - Precondition: the pixel lies on the grid; the depth is positive and finite.
  @discardableResult
  public mutating func insert(row: Int, column: Int, depth: Float) -> Insertion {
    precondition(
      row >= 0 && row < size.height && column >= 0 && column < size.width && depth > 0 && depth < .infinity,
      "a point needs a pixel of the grid and a positive depth")
    let pixel = row &* size.width &+ column
    let known = depths[pixel]
    guard known > 0 else {
      depths[pixel] = depth
      pixels[count] = Int32(truncatingIfNeeded: pixel)
      count += 1
      return .inserted
    }
    guard depth < known else { return .hidden }
    depths[pixel] = depth
    return .replaced
  }

  public mutating func clear() {
    for place in 0..<count { depths[Int(pixels[place])] = 0 }
    count = 0
  }

  /// Takes the points away for which `isGone` holds, and returns how many those were.
  mutating func remove(where isGone: (_ row: Int, _ column: Int, _ meters: Float) -> Bool) -> Int {
    var kept = 0
    for place in 0..<count {
      let pixel = Int(pixels[place])
      let (row, column) = pixel.quotientAndRemainder(dividingBy: size.width)
      if isGone(row, column, depths[pixel]) {
        depths[pixel] = 0
      } else {
        pixels[kept] = pixels[place]
        kept += 1
      }
    }
    defer { count = kept }
    return count - kept
  }

  /// Index, row by row, and depth in metres of the n-th pixel that holds a point.
  public func point(_ place: Int) -> (pixel: Int, depth: Float) {
    (Int(pixels[place]), depths[Int(pixels[place])])
  }

  /// Depth of a pixel, metres; 0 = no point.
  public subscript(row: Int, column: Int) -> Float { depths[row * size.width + column] }

  /// Index (row by row) of the n-th pixel that holds a point.
  func pixel(_ place: Int) -> Int { Int(pixels[place]) }

  /// Depth of a pixel by its index, metres.
  func depth(_ pixel: Int) -> Float { depths[pixel] }
}
