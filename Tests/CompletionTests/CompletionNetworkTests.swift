// The completion network against its dense twin.
import Completion
import Platform
import Quantities
import TensorFiles
import TestSupport
import Testing

@Suite struct CompletionNetworkTests {
  private static let size = ImageSize(width: 96, height: 64)
  static let densities: [Int?] = [0, 1, 2, 7, 30, 100, 300, 900, 2000, nil]

  /// What `add` left in zero-filled maps of one level, less the level's bias: P, enlarged.
  private func additions(
    _ network: CompletionNetwork, _ picture: DepthPicture, unitsPerMeter: Float = 1, blockChannels: Int = 1
  ) -> [[Float]] {
    var points = SparseDepth(size: picture.size)
    picture.fill(&points)
    network.run(points, unitsPerMeter: unitsPerMeter)
    let maps = Maps(network.weights, size: picture.size, blockChannels: blockChannels) { _ in 0 }
    network.add(to: maps.maps)
    return (0..<4).map(maps.plain)
  }

  /// The same by dense arithmetic, fused in the order of levels.
  private func expected(_ fixture: CompletionFixture, _ picture: DepthPicture) -> [[Float]] {
    let additions = DenseReference(fixture: fixture).additions(picture)
    var maps: [String: [Float]] = [:]
    for (index, level) in fixture.levels.enumerated() {
      let (height, width) = (picture.size.height / level.stride, picture.size.width / level.stride)
      let e = level.enlargement
      let count = level.channels * height * width * e * e
      var map = maps[level.target] ?? [Float](repeating: 0, count: count)
      for place in 0..<count {
        let (line, column) = place.quotientAndRemainder(dividingBy: width * e)
        let (channel, row) = line.quotientAndRemainder(dividingBy: height * e)
        let addition = additions[index][(channel * height + row / e) * width + column / e]
        map[place] = fixture.weight[index] * map[place] + addition + fixture.bias[index]
      }
      maps[level.target] = map
    }
    return ["skip_2", "skip_4b", "skip_8b", "f_o"].map { maps[$0] ?? [] }
  }

  private func largestError(_ found: [[Float]], _ expected: [[Float]]) -> Float {
    var worst: Float = 0
    for (a, b) in zip(found, expected) {
      guard a.count == b.count, a.allSatisfy(\.isFinite) else { return .infinity }
      let largest = max(1, b.map(abs).max() ?? 0)
      worst = max(worst, (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / largest)
    }
    return worst
  }

  @Test(arguments: densities, [1, 2])
  func `any number of points gives what dense masked arithmetic gives`(count: Int?, threads: Int) throws {
    let fixture = CompletionFixture()
    let network = CompletionNetwork(
      try fixture.weights(), size: Self.size, executor: WorkerTeam(width: threads))
    let picture = DepthPicture(Self.size, random: count, seed: UInt64(count ?? 5))
    let error = largestError(additions(network, picture), expected(fixture, picture))
    #expect(error <= 1e-4, "relative error \(error)")
  }

  @Test(arguments: [[3, 5, 7, 9, 11], [8, 40, 16, 8, 24]])
  func `widths and kernels come from the file`(widths: [Int]) throws {
    let fixture = CompletionFixture(widths: widths, kernels: [3, 7, 1, 3, 5])
    let network = CompletionNetwork(try fixture.weights(), size: Self.size, executor: SerialExecutor())
    for count in [3, 400] {
      let picture = DepthPicture(Self.size, random: count, seed: 3)
      let error = largestError(additions(network, picture), expected(fixture, picture))
      #expect(error <= 1e-4, "\(count) points: relative error \(error)")
    }
  }

  @Test func `points on every border and corner are exact`() throws {
    let fixture = CompletionFixture()
    let network = CompletionNetwork(try fixture.weights(), size: Self.size, executor: SerialExecutor())
    var picture = DepthPicture(Self.size)
    let (width, height) = (Self.size.width, Self.size.height)
    for column in stride(from: 0, to: width, by: 5) {
      picture.values[column] = 3
      picture.values[(height - 1) * width + column] = 20
    }
    for row in stride(from: 0, to: height, by: 3) {
      picture.values[row * width] = 7
      picture.values[row * width + width - 1] = 1
    }
    picture.values[height * width - 1] = 2
    let error = largestError(additions(network, picture), expected(fixture, picture))
    #expect(error <= 1e-4, "relative error \(error)")
  }

  @Test func `channel-blocked maps receive the same additions`() throws {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, executor: SerialExecutor())
    let picture = DepthPicture(Self.size, random: 250, seed: 9)
    #expect(additions(network, picture) == additions(network, picture, blockChannels: 8))
  }

  @Test func `a frame leaves nothing behind for the next`() throws {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, executor: SerialExecutor())
    let some = DepthPicture(Self.size, random: 200, seed: 2)
    let alone = additions(network, some)
    for count in [nil, 0, 1, 1500] { _ = additions(network, DepthPicture(Self.size, random: count, seed: 8)) }
    #expect(additions(network, some) == alone)
  }

  @Test func `the order in which points arrive changes nothing`() throws {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, pointCap: 60, executor: SerialExecutor())
    let picture = DepthPicture(Self.size, random: 700, seed: 4)
    let forward = additions(network, picture)
    var points = SparseDepth(size: Self.size)
    for (pixel, depth) in picture.values.enumerated().reversed() where depth > 0 {
      points.insert(row: pixel / Self.size.width, column: pixel % Self.size.width, depth: depth)
    }
    network.run(points, unitsPerMeter: 1)
    let maps = Maps(network.weights, size: Self.size, blockChannels: 1) { _ in 0 }
    network.add(to: maps.maps)
    #expect((0..<4).map(maps.plain) == forward)
  }

  @Test func `points enter in the network's unit`() throws {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, executor: SerialExecutor())
    var picture = DepthPicture(Self.size, random: 100, seed: 6)
    let meters = additions(network, picture, unitsPerMeter: 0.5)
    picture.values = picture.values.map { 0.5 * $0 }
    #expect(additions(network, picture) == meters)
  }

  @Test(arguments: [1, 50, 99, 100, 5000])
  func `more points than the cap are thinned, not refused`(cap: Int) throws {
    let network = CompletionNetwork(
      try CompletionFixture().weights(), size: Self.size, pointCap: cap, executor: SerialExecutor())
    let found = additions(network, DepthPicture(Self.size, random: nil, seed: 1))
    #expect(network.usedPoints == min(cap, Self.size.pixelCount / 16))
    #expect(found.allSatisfy { $0.allSatisfy(\.isFinite) })
  }
}
