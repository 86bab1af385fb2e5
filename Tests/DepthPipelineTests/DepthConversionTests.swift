import DepthPipeline
import Testing

struct DepthConversionTests {
  private func convert(
    _ values: [Float], _ conversion: DepthConversion, visible: [UInt8]? = nil, nearest: Float = 0,
    farthest: Float = .infinity
  ) -> (depth: [Float], finite: Int) {
    var depth = [Float](repeating: -1, count: values.count)
    let finite = values.withUnsafeBufferPointer { source in
      depth.withUnsafeMutableBufferPointer { target -> Int in
        guard let start = target.baseAddress else { return 0 }
        guard let visible else {
          return conversion.run(source, visible: nil, nearest: nearest, farthest: farthest, into: start)
        }
        return visible.withUnsafeBufferPointer {
          conversion.run(source, visible: $0.baseAddress, nearest: nearest, farthest: farthest, into: start)
        }
      }
    }
    return (depth, finite)
  }

  @Test func `disparity follows the published rule at its two bounds and between`() {
    let conversion = DepthConversion(
      output: .disparity(minimumDepth: 0.1, maximumDepth: 100), focalRatio: 1)
    let (depth, finite) = convert([0, 1, 0.5], conversion)
    #expect(abs(depth[0] - 100) < 1e-3)
    #expect(abs(depth[1] - 0.1) < 1e-6)
    // 1 / (0.01 + 9.99 / 2), computed by hand.
    #expect(abs(depth[2] - 0.19980) < 1e-5)
    #expect(finite == 3)
  }

  @Test func `a camera with twice the focal length sees everything twice as far`() {
    let near = DepthConversion(output: .depth, focalRatio: 1)
    let far = DepthConversion(output: .depth, focalRatio: 2)
    #expect(convert([3], far).depth[0] == 2 * convert([3], near).depth[0])
  }

  @Test func `depth beyond the range is infinite and nearer than the range unknown`() {
    let conversion = DepthConversion(output: .depth, focalRatio: 1)
    let (depth, finite) = convert([0.05, 5, 90], conversion, nearest: 0.1, farthest: 80)
    #expect(depth[0].isNaN)
    #expect(depth[1] == 5)
    #expect(depth[2] == .infinity)
    #expect(finite == 1)
  }

  @Test func `a network output that is not a number stays unknown`() {
    for output in [DepthConversion.Output.depth, .inverseDepth] {
      let (depth, finite) = convert([.nan], DepthConversion(output: output, focalRatio: 1), farthest: 80)
      #expect(depth[0].isNaN)
      #expect(finite == 0)
    }
  }

  @Test func `an inverse depth of zero is beyond range, not a huge number`() {
    let (depth, _) = convert([0], DepthConversion(output: .inverseDepth, focalRatio: 1), farthest: 80)
    #expect(depth[0] == .infinity)
  }

  @Test func `pixels the camera does not see are unknown`() {
    let (depth, finite) = convert(
      [1, 2], DepthConversion(output: .depth, focalRatio: 1), visible: [0, 1])
    #expect(depth[0].isNaN)
    #expect(depth[1] == 2)
    #expect(finite == 1)
  }
}
