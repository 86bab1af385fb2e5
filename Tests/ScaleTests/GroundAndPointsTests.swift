import Foundation
import Geometry
import Quantities
import Scale
import Testing

@Suite struct GroundAndPointsTests {
  private func observe(
    depth: [Float], mount: CameraMount? = SyntheticRoom.mount
  ) throws -> ScaleObservation {
    var settings = ScaleObserver.Settings()
    settings.usesPhotometric = false
    var observer = ScaleObserver(
      intrinsics: SyntheticRoom.intrinsics, mount: mount, initialLogScale: 0, settings: settings)
    let image = [Float](repeating: 0, count: 3 * depth.count)
    let result = try image.withUnsafeBufferPointer { image in
      try depth.withUnsafeBufferPointer { depth in
        observer.observe(
          .init(
            time: MonotonicTime(nanoseconds: 1), image: try #require(image.baseAddress),
            depth: try #require(depth.baseAddress))
        ) { _, _ in nil }
      }
    }
    return try #require(result.ground)
  }

  @Test(arguments: [Float(0.5), 1.0, 1.25])
  func `the camera's height gives the scale`(factor: Float) throws {
    let depth = SyntheticRoom().view(.init()).depth.map { $0 * factor }
    let observation = try observe(depth: depth)
    #expect(observation.gate == .passed)
    #expect(abs(observation.logScale + log(Double(factor))) < 0.01)
    #expect(observation.variance >= 0.05 * 0.05)
  }

  @Test func `a pitched camera is fitted, not imposed`() throws {
    let observation = try observe(depth: SyntheticRoom().view(.init(pitch: 0.05)).depth)
    #expect(observation.gate == .passed)
    #expect(abs(observation.logScale) < 0.01)
  }

  @Test func `a camera tilted far from its mount is refused`() throws {
    let observation = try observe(depth: SyntheticRoom().view(.init(pitch: 0.25)).depth)
    guard case .rejected(.groundTilt(let found, _)) = observation.gate else {
      Issue.record("gate \(observation.gate)")
      return
    }
    #expect(abs(found - 0.25) < 0.02)
  }

  @Test func `without the camera's height the reason is said`() throws {
    let observation = try observe(depth: SyntheticRoom().view(.init()).depth, mount: nil)
    #expect(observation.gate == .rejected(.noCameraHeight))
  }

  @Test func `a wall close ahead is no ground`() throws {
    let observation = try observe(depth: [Float](repeating: 1, count: SyntheticRoom.size.pixelCount))
    guard case .rejected(.groundShare) = observation.gate else {
      Issue.record("gate \(observation.gate)")
      return
    }
  }

  private func points(_ ratios: [Float]) throws -> ScaleObservation {
    var observer = ScaleObserver(
      intrinsics: SyntheticRoom.intrinsics, mount: nil, initialLogScale: 0)
    var ratios = ratios
    let observation = ratios.withUnsafeMutableBufferPointer {
      observer.observe(logRatios: $0, time: MonotonicTime(nanoseconds: 1))
    }
    return try #require(observation)
  }

  @Test func `the median of range points gives the scale, whatever a third of them say`() throws {
    var ratios = (0..<200).map { 0.25 + 0.1 * Float(sin(Double($0) * 12.9898)) }
    for index in stride(from: 0, to: 200, by: 3) { ratios[index] = index % 2 == 0 ? 3 : .nan }
    let observation = try points(ratios)
    #expect(observation.gate == .passed)
    #expect(abs(observation.logScale - 0.25) < 0.05)
    #expect(observation.variance.squareRoot() < 0.05)
  }

  @Test func `too few range points are refused with their number`() throws {
    let observation = try points([Float](repeating: 0.1, count: 29) + [.nan, .infinity])
    #expect(observation.gate == .rejected(.pointCount(found: 29, needed: 30)))
  }

  @Test func `range points that contradict each other are refused`() throws {
    let observation = try points((0..<100).map { 0.03 * Float($0) - 1.5 })
    guard case .rejected(.pointSpread) = observation.gate else {
      Issue.record("gate \(observation.gate)")
      return
    }
  }
}
