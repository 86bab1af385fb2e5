// Range points of a drive for `depthctl eval --sparse`.
import ArgumentParser
import Completion
import Drive
import Evaluation
import Geometry
import ImageBuffers
import Quantities

/// The argument of `--sparse`.
enum SparseInput: ExpressibleByArgument {
  case points(Int)
  case beams(Int)

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard let last = parts.last, let count = Int(last), count > 0 else { return nil }
    switch parts.count {
    case 1: self = .points(count)
    case 2 where parts[0] == "beams" && count <= SparseChoice.beamBins: self = .beams(count)
    default: return nil
    }
  }
}

/// The points of one frame after another, on the network's grid.
final class SparseFeed {
  private(set) var points: SparseDepth
  /// Pixels of the drive's frames that were given, counted row by row.
  private var pixels: [Int] = []
  /// Pixels given.
  var count: Int { pixels.count }
  private let choice: SparseChoice
  private let reader: DriveReader
  /// Returns of a range sensor, or truth where a drive has none.
  private let folder: DriveReader.DepthFolder
  private var measured: Plane<Float>
  /// For a range sensor, which stands beside the camera; truth is the camera's own.
  private let filter: OcclusionFilter

  init(_ input: SparseInput, seed: UInt64, reader: DriveReader, networkSize: ImageSize) {
    choice =
      switch input {
      case .points(let count): .random(count: count, seed: seed)
      case .beams(let count): .beams(count: count)
      }
    self.reader = reader
    folder = reader.hasSparse ? .sparse : .depth
    points = SparseDepth(size: networkSize)
    filter = OcclusionFilter(size: networkSize)
    let size = reader.manifest.size
    measured = Plane(width: size.width, height: size.height)
  }

  /// Chooses a frame's points. A point goes to the network's pixel that holds its own pixel's centre; the nearest of
  /// a pixel stays (docs/bundle.md), unless the camera cannot have seen it.
  func read(_ frame: Int) throws {
    try reader.readDepth(frame, from: folder, into: &measured)
    pixels = choice.pixels(
      of: measured, frame: frame, intrinsics: reader.calibration?.intrinsics)
    points.clear()
    for pixel in pixels {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: measured.width)
      points.insert(
        row: Int((Double(row) + 0.5) * Double(points.size.height) / Double(measured.height)),
        column: Int((Double(column) + 0.5) * Double(points.size.width) / Double(measured.width)),
        depth: measured.row(row)[column])
    }
    var counts = RangeCounts()
    if case .sparse = folder { filter.run(&points, &counts) }
  }

  /// Takes what was given out of the truth, so that the rest is scored.
  func hideGiven(in truth: inout Plane<Float>) {
    for pixel in pixels {
      let (row, column) = pixel.quotientAndRemainder(dividingBy: measured.width)
      var line = truth.mutableRow(row)
      line[column] = .nan
    }
  }
}
