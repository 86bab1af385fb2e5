import Glibc
import Kernels
import Quantities

/// Holds a completed disparity map to its range points: each pixel with a point gets its depth, the others what their
/// nearest points say, interpolated along the predicted shape as far as the points bear it out.
///
/// docs/bundle.md has the arithmetic. Memory is planned at the beginning.
final class PointAnchor {
  private let size: ImageSize
  private let anchoring: CompletionWeights.Anchoring
  private let executor: any ParallelExecutor
  /// 1 / depth at disparity 0 and at disparity 1.
  private let farthest: Float
  private let nearestInverse: Float
  private let nearest: NearestPoints
  private let slope: ShapeSlope
  private let map: AnchorMap
  /// The points: pixel, and ln of the inverse depth.
  private let pixels: Scratch<Int32>
  private let said: Scratch<Float>
  private var count = 0
  /// ln of the predicted inverse depth, then the believed shape: (height, width).
  private let shape: Scratch<Float>
  /// Ratio of a point's inverse depth to the shape, at the pixels with points.
  private let pointRatios: Scratch<Float>

  init(_ weights: CompletionWeights, size: ImageSize, executor: any ParallelExecutor) {
    self.size = size
    self.executor = executor
    anchoring = weights.anchoring
    farthest = 1 / weights.maximumDepth
    nearestInverse = 1 / weights.minimumDepth
    nearest = NearestPoints(size: size, executor: executor)
    slope = ShapeSlope(size: size)
    map = AnchorMap(size: size)
    pixels = Scratch(count: size.pixelCount)
    said = Scratch(count: size.pixelCount)
    shape = Scratch(count: size.pixelCount)
    pointRatios = Scratch(count: size.pixelCount)
  }

  /// Takes in all points of a frame.
  func take(_ points: borrowing SparseDepth, unitsPerMeter: Float) {
    count = points.count
    for place in 0..<count {
      let (pixel, depth) = points.point(place)
      pixels.base[place] = Int32(truncatingIfNeeded: pixel)
      said.base[place] = -logf(min(1 / farthest, max(1 / nearestInverse, depth * unitsPerMeter)))
    }
  }

  /// Changes the disparity, (height, width), in place.
  func run(_ disparity: UnsafeMutablePointer<Float>) {
    guard count > 0 else { return }
    nearest.run(pixels: pixels.base, count: count)
    takeLogarithm(disparity)
    let power = slope.run(
      pixels: pixels.base, said: said.base, count: count, predicted: shape.base,
      squares: nearest.squares.base,
      noise: anchoring.slopeNoise)
    for index in 0..<count {
      let pixel = Int(pixels.base[index])
      pointRatios.base[pixel] = expf(said.base[index] - power * shape.base[pixel])
    }
    begin(power)
    for pass in anchoring.passes {
      map.smooth(pass, inertia: anchoring.inertia, shape: shape.base, nearest: nearest, executor: executor)
    }
    write(disparity)
  }

  private func takeLogarithm(_ disparity: UnsafePointer<Float>) {
    let (span, farthest, shape) = (nearestInverse - farthest, Float8(repeating: farthest), shape.base)
    parallelChunks(executor, count: size.pixelCount / 8, grain: 1024) { start, end in
      for block in start..<end {
        let inverse = farthest.addingProduct(load8(disparity + 8 &* block), Float8(repeating: span))
        store(vectorLog(inverse), shape + 8 &* block)
      }
    }
  }

  /// The shape is the prediction to the power that the points bear out; each pixel starts with its nearest point's
  /// ratio.
  private func begin(_ power: Float) {
    let (ratios, shapes, places) = (pointRatios.base, shape.base, nearest.places.base)
    parallelChunks(executor, count: size.height, grain: 8) { start, end in
      for row in start..<end {
        let source = row &* size.width
        let (ratio, inverse) = (map.ratio.base + map.place(row), map.inverse.base + map.place(row))
        var column = 0
        while column < size.width {
          let shape = vectorExp(load8(shapes + source + column) * power)
          store(shape, shapes + source + column)
          for lane in column..<column &+ 8 { ratio[lane] = ratios[Int(places[source &+ lane])] }
          store(load8(ratio + column) * shape, inverse + column)
          column &+= 8
        }
      }
    }
  }

  private func write(_ disparity: UnsafeMutablePointer<Float>) {
    let (low, high) = (Float8(repeating: farthest), Float8(repeating: nearestInverse))
    let perInverse = 1 / (nearestInverse - farthest)
    parallelChunks(executor, count: size.height, grain: 8) { start, end in
      for row in start..<end {
        var column = 0
        while column < size.width {
          let inverse = load8(map.inverse.base + map.place(row) + column)
          var held = inverse.replacing(with: low, where: inverse .< low)
          held.replace(with: high, where: held .> high)
          store((held - low) * perInverse, disparity + row &* size.width + column)
          column &+= 8
        }
      }
    }
  }
}
