import Evaluation
import Glibc
import ImageBuffers
import Quantities
import TestSupport
import Testing

@Suite struct EvaluationTests {
  private func plane(_ width: Int, _ values: [Float]) -> Plane<Float> {
    var plane = Plane<Float>(width: width, height: values.count / width)
    for y in 0..<(values.count / width) {
      var row = plane.mutableRow(y)
      for x in 0..<width { row[x] = values[y * width + x] }
    }
    return plane
  }

  private func evaluated(_ image: ImageEvaluation?) throws -> ImageEvaluation {
    try #require(image)
  }

  @Test
  func `four pixels by hand`() throws {
    // Truth 2, 4, 8, unknown; prediction 4, 4, 4, 4.
    var evaluator = ImageEvaluator(EvaluationProtocol())
    let image = try evaluated(
      evaluator.evaluate(
        disparity: plane(2, [0.25, 0.25, 0.25, 0.25]), depthScale: 1, truth: plane(2, [2, 4, 8, .nan])))
    #expect(image.pixelCount == 3)
    #expect(abs(image.medianRatio - 1) < 1e-12)
    #expect(abs(image.unscaled.absRel - (1 + 0 + 0.5) / 3) < 1e-12)
    #expect(abs(image.unscaled.sqRel - (2 + 0 + 2) / 3.0) < 1e-12)
    #expect(abs(image.unscaled.rmse - (20.0 / 3).squareRoot()) < 1e-12)
    #expect(abs(image.unscaled.rmseLog - (2 * log(2.0) * log(2.0) / 3).squareRoot()) < 1e-12)
    #expect(abs(image.unscaled.d1 - 1.0 / 3) < 1e-12)
    #expect(abs(image.unscaled.d3 - 1.0 / 3) < 1e-12)
  }

  @Test
  func `scaling comes before clamping, and the cap excludes truth at it`() throws {
    var evaluator = ImageEvaluator(EvaluationProtocol(capMeters: 10))
    let image = try evaluated(
      evaluator.evaluate(disparity: plane(3, [1, 1, 1]), depthScale: 100, truth: plane(3, [5, 9, 10])))
    #expect(image.pixelCount == 2)
    // Median truth 7, median prediction 100: scaled to 7 each; unscaled clamped to 10.
    #expect(abs(image.medianScaled.absRel - (2.0 / 5 + 2.0 / 9) / 2) < 1e-12)
    #expect(abs(image.unscaled.absRel - (5.0 / 5 + 1.0 / 9) / 2) < 1e-12)
  }

  @Test
  func `an image without valid truth contributes nothing`() {
    var evaluator = ImageEvaluator(EvaluationProtocol())
    let evaluation = evaluator.evaluate(
      disparity: plane(2, [1, 1]), depthScale: 1, truth: plane(2, [.nan, .infinity]))
    #expect(evaluation == nil)
  }

  @Test(arguments: [
    (EvaluationProtocol.Crop.garg, 1242, 375, 153..<371, 44..<1197),
    (.eigen, 1242, 375, 124..<342, 44..<1197), (.nyu, 640, 480, 45..<471, 41..<601),
    (.nyu, 320, 240, 22..<235, 20..<300), (.none, 31, 7, 0..<7, 0..<31),
  ])
  func `the windows are the published ones`(
    _ crop: EvaluationProtocol.Crop, _ width: Int, _ height: Int, _ rows: Range<Int>, _ columns: Range<Int>
  ) throws {
    let window = EvaluationProtocol(crop: crop).window(of: ImageSize(width: width, height: height))
    #expect(window.rows == rows)
    #expect(window.columns == columns)
  }

  @Test(arguments: [
    (20, 12, 64, 40), (64, 40, 20, 12), (31, 17, 31, 17), (1, 1, 9, 5), (416, 128, 333, 95),
  ])
  func `random maps agree with a naive evaluation`(_ sizes: (Int, Int, Int, Int)) throws {
    var generator = SeededGenerator(seed: UInt64(sizes.0))
    let disparities = (0..<(sizes.0 * sizes.1)).map { _ in Float.random(in: 0.01...1, using: &generator) }
    let truths = (0..<(sizes.2 * sizes.3)).map { _ in
      Float.random(in: 0...1, using: &generator) < 0.4
        ? Float.nan : Float.random(in: 0.5...100, using: &generator)
    }
    for crop in EvaluationProtocol.Crop.allCases {
      let rules = EvaluationProtocol(crop: crop, capMeters: 60)
      var evaluator = ImageEvaluator(rules)
      let found = evaluator.evaluate(
        disparity: plane(sizes.0, disparities), depthScale: 1.7, truth: plane(sizes.2, truths))
      let naive = NaiveEvaluation(
        disparities, ImageSize(width: sizes.0, height: sizes.1), truths,
        ImageSize(width: sizes.2, height: sizes.3), scale: 1.7, cap: 60, crop: crop)
      let image = try #require(found)
      #expect(image.pixelCount == naive.truths.count)
      expect(image.unscaled, naive.metrics(scale: 1))
      expect(image.medianScaled, naive.metrics(scale: naive.ratio))
      #expect(abs(image.medianRatio - naive.ratio) < 1e-9 * naive.ratio)
    }
  }

  private func expect(_ found: DepthMetrics, _ wanted: [Double]) {
    let numbers = [
      found.absRel, found.sqRel, found.rmse, found.rmseLog, found.d1, found.d2, found.d3,
    ]
    for (number, wanted) in zip(numbers, wanted) { #expect(abs(number - wanted) < 1e-9 * max(1, wanted)) }
  }

  @Test
  func `a drive is the mean over images, and the spread of their scales`() throws {
    var evaluator = ImageEvaluator(EvaluationProtocol())
    var summary = EvaluationSummary()
    for truth in [Float(2), 8] {
      let image = evaluator.evaluate(disparity: plane(1, [0.25]), depthScale: 1, truth: plane(1, [truth]))
      summary.add(try #require(image))
    }
    #expect(summary.frameCount == 2)
    #expect(abs(summary.unscaled.absRel - (1 + 0.5) / 2) < 1e-12)
    #expect(summary.medianScaled.absRel < 1e-12)
    #expect(abs(summary.scaleLogMean) < 1e-12)
    #expect(abs(summary.scaleLogStandardDeviation - log(2.0)) < 1e-12)
  }
}

/// The protocol again, written for reading: whole arrays, no reuse.
private struct NaiveEvaluation {
  var truths: [Double] = []
  var predictions: [Double] = []
  let cap: Double
  let ratio: Double

  init(
    _ disparity: [Float], _ size: ImageSize, _ truth: [Float], _ truthSize: ImageSize, scale: Double,
    cap: Double, crop: EvaluationProtocol.Crop
  ) {
    self.cap = cap
    func at(_ x: Int, _ y: Int) -> Double {
      Double(disparity[min(max(y, 0), size.height - 1) * size.width + min(max(x, 0), size.width - 1)])
    }
    for y in 0..<truthSize.height {
      for x in 0..<truthSize.width {
        let g = Double(truth[y * truthSize.width + x])
        guard g > 1e-3, g < cap else { continue }
        guard Self.counts(x, y, truthSize, crop) else { continue }
        let u = (Double(x) + 0.5) * Double(size.width) / Double(truthSize.width) - 0.5
        let v = (Double(y) + 0.5) * Double(size.height) / Double(truthSize.height) - 0.5
        let (fu, fv) = (floor(u), floor(v))
        let (iu, iv) = (Int(fu), Int(fv))
        let top = at(iu, iv) * (1 - u + fu) + at(iu + 1, iv) * (u - fu)
        let bottom = at(iu, iv + 1) * (1 - u + fu) + at(iu + 1, iv + 1) * (u - fu)
        truths.append(g)
        predictions.append(scale / (top * (1 - v + fv) + bottom * (v - fv)))
      }
    }
    func median(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    ratio = median(truths) / median(predictions)
  }

  private static func counts(
    _ x: Int, _ y: Int, _ size: ImageSize, _ crop: EvaluationProtocol.Crop
  ) -> Bool {
    let edges: (top: Double, bottom: Double, left: Double, right: Double)
    switch crop {
    case .none: return true
    case .garg: edges = (0.40810811, 0.99189189, 0.03594771, 0.96405229)
    case .eigen: edges = (0.3324324, 0.91351351, 0.0359477, 0.96405229)
    case .nyu:
      return y >= 45 * size.height / 480 && y < 471 * size.height / 480 && x >= 41 * size.width / 640
        && x < 601 * size.width / 640
    }
    let (height, width) = (Double(size.height), Double(size.width))
    return y >= Int(edges.top * height) && y < Int(edges.bottom * height) && x >= Int(edges.left * width)
      && x < Int(edges.right * width)
  }

  func metrics(scale: Double) -> [Double] {
    let pairs = zip(truths, predictions).map { ($0, min(cap, max(1e-3, $1 * scale))) }
    func mean(_ value: ((Double, Double)) -> Double) -> Double {
      pairs.map(value).reduce(0, +) / Double(pairs.count)
    }
    func delta(_ limit: Double) -> Double { mean { max($0.0 / $0.1, $0.1 / $0.0) < limit ? 1 : 0 } }
    return [
      mean { abs($0.0 - $0.1) / $0.0 }, mean { pow($0.0 - $0.1, 2) / $0.0 },
      mean { pow($0.0 - $0.1, 2) }.squareRoot(), mean { pow(log($0.0) - log($0.1), 2) }.squareRoot(),
      delta(1.25), delta(pow(1.25, 2)), delta(pow(1.25, 3)),
    ]
  }
}
