import ImageBuffers

/// Finds, for every pixel, the nearest surface and its depth.
struct TileTracer {
  let rays: CameraRays
  let scene: Scene
  let primitives: UnsafeBufferPointer<Primitive>
  let bounds: UnsafeBufferPointer<VisibleSet.Bounds>
  let casters: UnsafeBufferPointer<Primitive>
  let casterBalls: UnsafeBufferPointer<SIMD4<Float>>
  let lists: CandidateLists
  let depth: UnsafeMutablePointer<Float>
  let surface: UnsafeMutablePointer<Int32>
  let stride: Int

  /// A counted list of indices into `primitives` or `casters`.
  struct Candidates {
    let indices: UnsafeMutablePointer<Int32>
    var count = 0

    init(_ indices: UnsafeMutablePointer<Int32>) {
      self.indices = indices
    }

    @inline(__always)
    mutating func append(_ index: Int32) {
      indices[count] = index
      count += 1
    }
  }

  func trace(tileRow: Int) {
    let row = candidates(ofTileRow: tileRow)
    for column in 0..<rays.tileColumns {
      let tile = candidates(ofTile: tileRow * rays.tileColumns + column, row: row, tileRow: tileRow)
      for line in 0..<CameraRays.tileSide {
        let y = tileRow * CameraRays.tileSide + line
        for half in 0..<2 {
          trace(x: column * CameraRays.tileSide + half * 8, y: y, tile)
        }
      }
    }
  }

  /// Everything whose outline meets this row of tiles, nearest first.
  func candidates(ofTileRow tileRow: Int) -> Candidates {
    var outline = ScreenRectangle.empty
    for column in 0..<rays.tileColumns {
      let tile = rays.tiles[tileRow * rays.tileColumns + column]
      outline.include(tile.minX, tile.minY)
      outline.include(tile.maxX, tile.maxY)
    }
    var found = Candidates(lists.lists(ofRow: tileRow).row)
    for index in 0..<bounds.count where bounds[index].outline.overlaps(outline) {
      found.append(Int32(index))
    }
    return found
  }

  /// The part of the row's candidates that meets one tile.
  func candidates(ofTile tile: Int, row: Candidates, tileRow: Int) -> Candidates {
    let outline = rays.tiles[tile]
    var found = Candidates(lists.lists(ofRow: tileRow).tile)
    for place in 0..<row.count {
      let index = row.indices[place]
      if bounds[Int(index)].outline.overlaps(outline) { found.append(index) }
    }
    return found
  }

  @inline(__always)
  private func trace(x: Int, y: Int, _ tile: Candidates) {
    let offset = y * rays.x.rowStride + x
    let column = load(rays.x.baseAddress + offset)
    let row = load(rays.y.baseAddress + offset)
    let hits = nearest(column, row, tile)
    let target = y * stride + x
    UnsafeMutableRawPointer(depth + target).storeBytes(of: hits.t, as: Lanes.self)
    UnsafeMutableRawPointer(surface + target).storeBytes(of: hits.surface, as: SIMD8<Int32>.self)
  }

  @inline(__always)
  func load(_ pointer: UnsafeMutablePointer<Float>) -> Lanes {
    UnsafeRawPointer(pointer).load(as: Lanes.self)
  }

  /// World rays through ideal image positions.
  @inline(__always)
  func packet(_ x: Lanes, _ y: Lanes) -> RayPacket {
    RayPacket(
      ox: .zero, oy: .zero, oz: .zero,
      dx: x * scene.right.x + y * scene.down.x + scene.forward.x,
      dy: x * scene.right.y + y * scene.down.y + scene.forward.y,
      dz: x * scene.right.z + y * scene.down.z + scene.forward.z)
  }

  /// Nearest surfaces along eight rays through ideal image positions.
  @inline(__always)
  func nearest(_ x: Lanes, _ y: Lanes, _ tile: Candidates) -> PacketHits {
    let ray = packet(x, y)
    var hits = PacketHits()
    meet(plane: scene.floorHeight, Scene.floorSurface, ray, &hits)
    if let ceiling = scene.ceilingHeight { meet(plane: ceiling, Scene.ceilingSurface, ray, &hits) }
    let (minX, maxX) = (x.min(), x.max())
    let (minY, maxY) = (y.min(), y.max())
    var farthest = hits.t.max()
    for place in 0..<tile.count {
      let index = tile.indices[place]
      let bound = bounds[Int(index)]
      if bound.nearDepth > farthest { break }
      guard bound.outline.minX <= maxX, bound.outline.maxX >= minX, bound.outline.minY <= maxY,
        bound.outline.maxY >= minY
      else { continue }
      let t = primitives[Int(index)].distance(ray)
      let closer = t .< hits.t
      guard any(closer) else { continue }
      hits.t.replace(with: t, where: closer)
      hits.surface.replace(with: index, where: closer)
      farthest = hits.t.max()
    }
    return hits
  }

  @inline(__always)
  private func meet(plane height: Float, _ surface: Int32, _ ray: RayPacket, _ hits: inout PacketHits) {
    let t = height / ray.dz
    let closer = (t .> 1e-3) .& (t .< hits.t)
    hits.t.replace(with: t, where: closer)
    hits.surface.replace(with: surface, where: closer)
  }
}
