import ImageBuffers
import Quantities

/// Colours the pixels that `TileTracer` found, with hard shadows and smoothed outlines.
struct TileShader {
  /// Where the finished pixels go.
  struct Output {
    let bytes: UnsafeMutablePointer<UInt8>
    let stride: Int
    let size: ImageSize
    let sensor: PixelSensor
  }

  /// Beyond this depth surfaces are lit as if nothing hid the sun: shadows there are a few pixels.
  private static let shadowRange: Float = 45

  let tracer: TileTracer
  let shader: SurfaceShader
  let output: Output
  let halfPixel: Float

  init(tracer: TileTracer, scene: Scene, output: Output) {
    self.tracer = tracer
    self.output = output
    self.halfPixel = 0.5 / tracer.rays.focalLength
    self.shader = SurfaceShader(
      primitives: tracer.primitives, floor: scene.floor, ceiling: scene.ceiling,
      patternOrigin: scene.patternOrigin, light: scene.lighting, floorHeight: scene.floorHeight,
      ceilingHeight: scene.ceilingHeight ?? .infinity, pixelSize: 1 / tracer.rays.focalLength)
  }

  func shade(tileRow: Int) {
    let row = tracer.candidates(ofTileRow: tileRow)
    let side = CameraRays.tileSide
    for column in 0..<tracer.rays.tileColumns where column * side < output.size.width {
      let tile = tracer.candidates(
        ofTile: tileRow * tracer.rays.tileColumns + column, row: row, tileRow: tileRow)
      let shadows = shadowCandidates(column: column, tileRow: tileRow)
      for line in 0..<side where tileRow * side + line < output.size.height {
        for half in 0..<2 {
          shade(x: column * side + half * 8, y: tileRow * side + line, tile, shadows)
        }
      }
    }
  }

  /// Eight neighbouring pixels.
  @inline(__always)
  private func shade(
    x: Int, y: Int, _ tile: TileTracer.Candidates, _ shadows: TileTracer.Candidates
  ) {
    let rays = tracer.rays
    let offset = y * rays.x.rowStride + x
    let ray = tracer.packet(
      tracer.load(rays.x.baseAddress + offset), tracer.load(rays.y.baseAddress + offset))
    let start = y * tracer.stride + x
    let depth = tracer.load(tracer.depth + start)
    let lit = sunVisible(ray, depth, shadows)
    let rowGain = output.sensor.rowGain(y, height: output.size.height)
    for lane in 0..<min(8, output.size.width - x) {
      let color: Vector3
      if isOutline(x: x + lane, y: y) {
        color = smoothed(x: x + lane, y: y, tile, shadows)
      } else {
        color = shader.color(
          surface: tracer.surface[start + lane],
          direction: Vector3(ray.dx[lane], ray.dy[lane], ray.dz[lane]), depth: depth[lane],
          sunVisible: lit[lane])
      }
      write(color, x: x + lane, y: y, rowGain: rowGain)
    }
  }

  @inline(__always)
  private func write(_ color: Vector3, x: Int, y: Int, rowGain: Float) {
    let fromMiddleX = 2 * Float(x) / Float(output.size.width) - 1
    let fromMiddleY = 2 * Float(y) / Float(output.size.height) - 1
    let (r, g, b) = output.sensor.pixel(
      color, rowGain: rowGain,
      radiusSquared: 0.5 * (fromMiddleX * fromMiddleX + fromMiddleY * fromMiddleY), x: x, y: y)
    let pixel = output.bytes + y * output.stride + 3 * x
    pixel[0] = r
    pixel[1] = g
    pixel[2] = b
  }

  @inline(__always)
  private func isOutline(x: Int, y: Int) -> Bool {
    let here = y * tracer.stride + x
    let own = tracer.surface[here]
    if x > 0 && tracer.surface[here - 1] != own { return true }
    if x + 1 < output.size.width && tracer.surface[here + 1] != own { return true }
    if y > 0 && tracer.surface[here - tracer.stride] != own { return true }
    return y + 1 < output.size.height && tracer.surface[here + tracer.stride] != own
  }

  /// Eight rays inside one pixel; each surface they meet is coloured once and weighted by its rays.
  private func smoothed(
    x: Int, y: Int, _ tile: TileTracer.Candidates, _ shadows: TileTracer.Candidates
  ) -> Vector3 {
    let rays = tracer.rays
    let offset = y * rays.x.rowStride + x
    let spreadX = Lanes(-0.875, -0.625, -0.375, -0.125, 0.125, 0.375, 0.625, 0.875) * halfPixel
    let spreadY = Lanes(0.125, -0.875, 0.625, -0.375, 0.875, -0.625, 0.375, -0.125) * halfPixel
    let px = rays.x.baseAddress[offset] + spreadX
    let py = rays.y.baseAddress[offset] + spreadY
    let hits = tracer.nearest(px, py, tile)
    let ray = tracer.packet(px, py)
    let lit = sunVisible(ray, hits.t, shadows)
    var color = Vector3.zero
    var done = SIMD8<Int32>.zero
    for lane in 0..<8 where done[lane] == 0 {
      let own = hits.surface[lane]
      let same = hits.surface .== own
      done.replace(with: 1, where: same)
      let count = Float(SIMD8<Int32>.zero.replacing(with: 1, where: same).wrappedSum())
      let light = Lanes.zero.replacing(with: lit, where: same).sum() / count
      color +=
        shader.color(
          surface: own, direction: Vector3(ray.dx[lane], ray.dy[lane], ray.dz[lane]),
          depth: hits.t[lane], sunVisible: light) * (count * 0.125)
    }
    return color
  }

  /// 1 where the sun reaches the eight points, else 0.
  @inline(__always)
  private func sunVisible(_ ray: RayPacket, _ depth: Lanes, _ shadows: TileTracer.Candidates) -> Lanes {
    var lit = Lanes(repeating: 1)
    guard shadows.count > 0 else { return lit }
    let sun = shader.light.sunDirection
    // Start a little towards the sun, so that rounding does not let a surface shade itself.
    let lift = 0.01 + depth * 0.001
    let near = depth .< Self.shadowRange
    guard any(near) else { return lit }
    let toSun = RayPacket(
      ox: ray.dx * depth + lift * sun.x, oy: ray.dy * depth + lift * sun.y,
      oz: ray.dz * depth + lift * sun.z, dx: Lanes(repeating: sun.x), dy: Lanes(repeating: sun.y),
      dz: Lanes(repeating: sun.z))
    for place in 0..<shadows.count {
      let t = tracer.casters[Int(shadows.indices[place])].distance(toSun)
      lit.replace(with: 0, where: (t .< .infinity) .& near)
      if lit.max() == 0 { break }
    }
    return lit
  }

  /// Solids that can lie between the tile's surfaces and the sun.
  private func shadowCandidates(column: Int, tileRow: Int) -> TileTracer.Candidates {
    var found = TileTracer.Candidates(tracer.lists.lists(ofRow: tileRow).shadow)
    guard shader.light.castsShadows, let ball = tileBall(column: column, tileRow: tileRow) else {
      return found
    }
    let sun = shader.light.sunDirection
    for index in 0..<tracer.casterBalls.count {
      let caster = tracer.casterBalls[index]
      let offset = Vector3(caster.x, caster.y, caster.z) - ball.center
      let along = offset.dot(sun)
      let reach = ball.radius + caster.w
      if along > -reach && offset.dot(offset) - along * along < reach * reach {
        found.append(Int32(index))
      }
    }
    return found
  }

  /// A ball that holds the tile's surfaces within shadow range; nil when there are none.
  private func tileBall(column: Int, tileRow: Int) -> (center: Vector3, radius: Float)? {
    let side = CameraRays.tileSide
    var low = Vector3(repeating: .infinity)
    var high = Vector3(repeating: -.infinity)
    for y in (tileRow * side)..<(tileRow * side + side) {
      for x in stride(from: column * side, to: column * side + side, by: 8) {
        let offset = y * tracer.rays.x.rowStride + x
        let ray = tracer.packet(
          tracer.load(tracer.rays.x.baseAddress + offset), tracer.load(tracer.rays.y.baseAddress + offset))
        let depth = tracer.load(tracer.depth + y * tracer.stride + x)
        for lane in 0..<8 where depth[lane] < Self.shadowRange {
          let point = Vector3(ray.dx[lane], ray.dy[lane], ray.dz[lane]) * depth[lane]
          low = pointwiseMin(low, point)
          high = pointwiseMax(high, point)
        }
      }
    }
    guard low.x <= high.x else { return nil }
    return ((low + high) * 0.5, ((high - low) * 0.5).length + 0.2)
  }
}
