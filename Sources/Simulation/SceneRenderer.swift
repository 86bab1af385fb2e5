package import ImageBuffers
package import Quantities

/// Draws scenes through one camera: exact depth and a colour image.
///
/// Reuses its memory from frame to frame.
///
/// The image is cut into tiles; each row of tiles is one part of the job. Rays go in packets of eight.
package final class SceneRenderer {
  private let rays: CameraRays
  private var visible = VisibleSet()
  private var depth: Plane<Float>
  private var surface: Plane<Int32>
  private let lists: CandidateLists
  private let view: ScreenRectangle

  package init(rays: CameraRays) {
    self.rays = rays
    self.depth = Plane(width: rays.paddedSize.width, height: rays.paddedSize.height)
    self.surface = Plane(width: rays.paddedSize.width, height: rays.paddedSize.height)
    self.lists = CandidateLists(rows: rays.tileRows)
    var view = ScreenRectangle.empty
    for tile in rays.tiles {
      view.include(tile.minX, tile.minY)
      view.include(tile.maxX, tile.maxY)
    }
    self.view = view
  }

  /// Draws one scene.
  /// - Parameters:
  ///   - image: receives the picture; the size of the camera.
  ///   - trueDepth: receives depth along the optical axis, metres, +Inf = sky.
  package func render(
    _ scene: Scene, sensor: PixelSensor, executor: any ParallelExecutor, into image: inout RGBImage,
    trueDepth: inout Plane<Float>?
  ) {
    visible.rebuild(from: scene, view: view, pixelSize: 1 / rays.focalLength)
    lists.reserve(max(visible.primitives.count, visible.casters.count))
    visible.primitives.withUnsafeBufferPointer { primitives in
      visible.bounds.withUnsafeBufferPointer { bounds in
        visible.casters.withUnsafeBufferPointer { casters in
          visible.casterBalls.withUnsafeBufferPointer { casterBalls in
            let tracer = TileTracer(
              rays: rays, scene: scene, primitives: primitives, bounds: bounds, casters: casters,
              casterBalls: casterBalls, lists: lists, depth: depth.baseAddress,
              surface: surface.baseAddress, stride: depth.rowStride)
            executor.run(parts: rays.tileRows) { tracer.trace(tileRow: $0) }
            let output = TileShader.Output(
              bytes: image.bytes.baseAddress, stride: image.bytes.rowStride, size: rays.size,
              sensor: sensor)
            let shader = TileShader(tracer: tracer, scene: scene, output: output)
            executor.run(parts: rays.tileRows) { shader.shade(tileRow: $0) }
          }
        }
      }
    }
    copyDepth(into: &trueDepth)
  }

  private func copyDepth(into trueDepth: inout Plane<Float>?) {
    guard let target = trueDepth.take() else { return }
    for y in 0..<rays.size.height {
      (target.baseAddress + y * target.rowStride)
        .update(from: depth.baseAddress + y * depth.rowStride, count: rays.size.width)
    }
    trueDepth = consume target
  }
}
