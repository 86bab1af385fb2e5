/// From what a network says to depth: `depth = numerator / (offset + slope * output)`, or the output itself.
///
/// Every network output becomes depth in the network's own unit, along the optical axis. For a sigmoid
/// disparity s the published rule is `1 / depth = 1/max + (1/min - 1/max) s` (Monodepth2, `disp_to_depth`).
/// A network trained for a canonical camera sees an object of a given size in pixels at a depth
/// proportional to the focal length, so its depth is multiplied by `fx / canonicalFx` (Metric3D, eq. 1).
package struct DepthConversion: Equatable {
  package enum Output: Equatable {
    /// Sigmoid disparity in 0...1 between the two bounds, in the network's unit.
    case disparity(minimumDepth: Float, maximumDepth: Float)
    case inverseDepth
    case depth
  }

  package let output: Output
  /// Ratio of the published grid's focal length to the network's canonical one; 1 when either is unknown.
  package let focalRatio: Float

  package init(output: Output, focalRatio: Float) {
    self.output = output
    self.focalRatio = focalRatio
  }

  /// Converts `source` to depth and counts the pixels that hold a finite depth.
  ///
  /// - Parameters:
  ///   - source: network output, row by row.
  ///   - visible: per pixel, 0 where the camera sees nothing of the published grid; those become NaN.
  ///   - farthest: depths above it become +Inf: a bounded network at its bound has measured nothing.
  ///   - nearest: depths below it become NaN.
  ///   - depth: as many values as `source`.
  /// - Returns: the number of finite depths.
  package func run(
    _ source: UnsafeBufferPointer<Float>, visible: UnsafePointer<UInt8>?, nearest: Float, farthest: Float,
    into depth: UnsafeMutablePointer<Float>
  ) -> Int {
    switch output {
    case .disparity(let minimum, let maximum):
      let offset = 1 / maximum
      let slope = 1 / minimum - 1 / maximum
      convert(source, into: depth) { focalRatio / (offset + slope * $0) }
    case .inverseDepth:
      convert(source, into: depth) { focalRatio / $0 }
    case .depth:
      convert(source, into: depth) { focalRatio * $0 }
    }
    return Self.applyRange(depth, count: source.count, visible: visible, nearest: nearest, farthest: farthest)
  }

  @inline(__always)
  private func convert(
    _ source: UnsafeBufferPointer<Float>, into depth: UnsafeMutablePointer<Float>, _ rule: (Float) -> Float
  ) {
    for index in 0..<source.count { depth[index] = rule(source[index]) }
  }

  private static func applyRange(
    _ depth: UnsafeMutablePointer<Float>, count: Int, visible: UnsafePointer<UInt8>?, nearest: Float,
    farthest: Float
  ) -> Int {
    var finite = 0
    for index in 0..<count {
      var value = depth[index]
      // Written so that NaN fails every comparison and stays NaN.
      if value > farthest { value = .infinity }
      if !(value >= nearest) || visible?[index] == 0 { value = .nan }
      depth[index] = value
      finite += value.isFinite ? 1 : 0
    }
    return finite
  }
}
