import Glibc
public import Geometry
public import ImageBuffers

/// Which measured pixels an evaluation gives to the completion network: the same ones as in any other program that
/// follows docs/evaluation.md.
public enum SparseChoice: Equatable, Sendable {
  /// The pixels with the smallest SplitMix64 of seed, frame and pixel.
  case random(count: Int, seed: UInt64)
  /// Lines of equal elevation, evenly spread over `beamBins`.
  case beams(count: Int)

  /// Bins of elevation between the lowest and the highest point of a frame.
  public static let beamBins = 64

  /// Pixels chosen, counted row by row.
  ///
  /// - Parameters:
  ///   - measured: metres; NaN and 0 = none.
  ///   - frame: number of the frame in its drive.
  ///   - intrinsics: of the measured image; without them a row stands for an elevation.
  public func pixels(
    of measured: borrowing Plane<Float>, frame: Int, intrinsics: CameraIntrinsics?
  ) -> [Int] {
    var known: [Int] = []
    for y in 0..<measured.height {
      let row = measured.row(y)
      for x in 0..<measured.width where row[x] > 0 { known.append(y * measured.width + x) }
    }
    switch self {
    case .random(let count, let seed): return Self.random(known, count: count, seed: seed, frame: frame)
    case .beams(let count):
      return Self.beams(known, count: count, width: measured.width, intrinsics: intrinsics)
    }
  }

  private static func random(_ known: [Int], count: Int, seed: UInt64, frame: Int) -> [Int] {
    let state = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(frame) << 32
    let keyed = known.map { (key: splitMix(state &+ UInt64($0)), pixel: $0) }
    return keyed.sorted { ($0.key, $0.pixel) < ($1.key, $1.pixel) }.prefix(count).map(\.pixel)
  }

  /// SplitMix64's output for a state.
  /// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
  static func splitMix(_ state: UInt64) -> UInt64 {
    var z = state &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  private static func beams(
    _ known: [Int], count: Int, width: Int, intrinsics: CameraIntrinsics?
  ) -> [Int] {
    let angles = known.map { elevation(row: $0 / width, column: $0 % width, intrinsics) }
    guard let lowest = angles.min(), let highest = angles.max() else { return [] }
    let span = max(highest - lowest, 1e-9)
    let wanted = Set((0..<count).map { (2 * $0 + 1) * beamBins / (2 * count) })
    return zip(known, angles).filter { _, angle in
      wanted.contains(min(Int((angle - lowest) / span * Double(beamBins)), beamBins - 1))
    }.map(\.0)
  }

  private static func elevation(row: Int, column: Int, _ intrinsics: CameraIntrinsics?) -> Double {
    guard let intrinsics else { return -Double(row) }
    let ray = intrinsics.unproject(u: Double(column), v: Double(row))
    return -atan(ray.y / hypot(1, ray.x))
  }
}
