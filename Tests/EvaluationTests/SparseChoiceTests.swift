import Evaluation
import Geometry
import ImageBuffers
import Quantities
import Testing

/// Expected pixels are those of `training/depthtrain/data/sparse_request.py`.
@Suite struct SparseChoiceTests {
  private func measured() -> Plane<Float> {
    let plane = Plane<Float>(width: 8, height: 6)
    for row in 0..<6 {
      for column in 0..<8 {
        let isKnown = (row * column + row) % 3 != 1
        plane.baseAddress[row * plane.rowStride + column] =
          isKnown ? Float(3 + (7 * row + 5 * column) % 11) : .nan
      }
    }
    return plane
  }

  @Test(
    arguments: [
      (1, 0, [7, 16, 19, 25, 33]), (1, 3, [0, 1, 10, 34, 39]), (9, 0, [10, 12, 29, 43, 46]),
    ] as [(UInt64, Int, [Int])])
  func `random points are those of every other program`(seed: UInt64, frame: Int, pixels: [Int]) {
    let choice = SparseChoice.random(count: 5, seed: seed)
    #expect(choice.pixels(of: measured(), frame: frame, intrinsics: nil).sorted() == pixels)
  }

  @Test func `beams are lines of equal elevation`() {
    let size = ImageSize(width: 8, height: 6)
    let intrinsics = CameraIntrinsics(fx: 6, fy: 7, cx: 3.5, cy: 2.25, size: size)
    #expect(
      SparseChoice.beams(count: 16).pixels(of: measured(), frame: 0, intrinsics: intrinsics)
        == [9, 18, 19, 21, 22, 24, 31, 46])
    let all = SparseChoice.beams(count: 64).pixels(of: measured(), frame: 0, intrinsics: nil)
    #expect(
      all
        == SparseChoice.random(count: 48, seed: 3).pixels(of: measured(), frame: 0, intrinsics: nil).sorted())
  }

  @Test func `a frame without measurements has no points`() {
    let empty = Plane<Float>(width: 4, height: 4)
    for choice in [SparseChoice.random(count: 5, seed: 1), .beams(count: 4)] {
      #expect(choice.pixels(of: empty, frame: 0, intrinsics: nil).isEmpty)
    }
  }
}
