/// Colours of surfaces and sky, in linear light.
struct SurfaceShader {
  let primitives: UnsafeBufferPointer<Primitive>
  let floor: FloorPlane
  let ceiling: Material
  let patternOrigin: SIMD2<Float>
  let light: Lighting
  /// Floor and ceiling relative to the camera, metres.
  let floorHeight: Float
  let ceilingHeight: Float
  /// Width of a pixel at one metre, metres.
  let pixelSize: Float

  /// - Parameters:
  ///   - direction: world ray whose component along the optical axis is one.
  ///   - depth: multiple of `direction` where the surface lies.
  ///   - sunVisible: share of the sun that is not hidden by other solids, 0 to 1.
  @inline(__always)
  func color(surface: Int32, direction: Vector3, depth: Float, sunVisible: Float) -> Vector3 {
    let length = direction.length
    let ray = direction / length
    if surface == Scene.skySurface { return sky(ray) }
    let point = direction * depth
    let (frame, material) = surfaceFrame(surface, point)
    let range = depth * length
    let own = material.color(at: surfacePoint(frame, ray, range))
    var seen = own * illumination(frame.normal, point, sunVisible) + own * material.glow
    if material.gloss > 0 { seen += reflection(ray, frame.normal, sunVisible) * material.gloss }
    return hazed(seen, range)
  }

  @inline(__always)
  private func surfaceFrame(_ surface: Int32, _ point: Vector3) -> (SurfaceFrame, Material) {
    if surface >= 0 {
      let index = Int(surface)
      return (primitives[index].surface(at: point), primitives[index].material)
    }
    let u = point.x + patternOrigin.x
    let v = point.y + patternOrigin.y
    let isFloor = surface == Scene.floorSurface
    let frame = SurfaceFrame(
      normal: Vector3(0, 0, isFloor ? 1 : -1), u: u, v: v, alongU: Vector3(1, 0, 0),
      alongV: Vector3(0, 1, 0))
    guard isFloor else { return (frame, ceiling) }
    return (frame, floor.innerLateral.contains(v) ? floor.material : floor.outerMaterial)
  }

  /// The pixel's footprint stretches along the view by the slant of the surface.
  @inline(__always)
  private func surfacePoint(_ frame: SurfaceFrame, _ ray: Vector3, _ range: Float) -> SurfacePoint {
    let facing = max(0.02, abs(ray.dot(frame.normal)))
    let slant = max(0, 1 - facing * facing).squareRoot() / facing
    let width = range * pixelSize
    return SurfacePoint(
      u: frame.u, v: frame.v, footprintU: width * (1 + abs(ray.dot(frame.alongU)) * slant),
      footprintV: width * (1 + abs(ray.dot(frame.alongV)) * slant))
  }

  /// Sun, light from all sides, lamps, and the darkening close to the floor.
  @inline(__always)
  private func illumination(_ normal: Vector3, _ point: Vector3, _ sunVisible: Float) -> Vector3 {
    let direct = max(0, normal.dot(light.sunDirection)) * sunVisible
    var ambient = mix(light.ambientBelow, light.ambientAbove, 0.5 + 0.5 * normal.z)
    let height = point.z - floorHeight
    if normal.z < 0.9 { ambient *= 0.6 + 0.4 * clamp01(height * 2) }
    var sum = light.sunColor * direct + ambient
    if light.lampSpacing > 0 {
      let along = (point.x + patternOrigin.x) / light.lampSpacing
      let toLamp = abs(along - along.rounded()) * 2
      sum *= 1.15 - 0.5 * toLamp * toLamp
    }
    return sum
  }

  @inline(__always)
  private func reflection(_ ray: Vector3, _ normal: Vector3, _ sunVisible: Float) -> Vector3 {
    let mirrored = ray - normal * (2 * ray.dot(normal))
    let grazing = 1 - min(1, abs(ray.dot(normal)))
    let fresnel = 0.15 + 0.85 * grazing * grazing * grazing
    let above = smoothStep(-0.1, 0.5, mirrored.z)
    let surroundings = mix(light.ambientBelow, mix(light.skyHorizon, light.skyZenith, above), above)
    let toSun = max(0, mirrored.dot(light.sunDirection))
    let sharp = toSun * toSun
    let spot = sharp * sharp * sharp * sharp
    return surroundings * fresnel + light.sunColor * (spot * spot * sunVisible * 0.7)
  }

  @inline(__always)
  private func hazed(_ color: Vector3, _ range: Float) -> Vector3 {
    let thickness = range * light.hazePerMeter
    let through = 1 / (1 + thickness + 0.5 * thickness * thickness)
    return mix(light.skyHorizon, color, through)
  }

  @inline(__always)
  private func sky(_ ray: Vector3) -> Vector3 {
    let up = max(0, ray.z)
    var color = mix(light.skyHorizon, light.skyZenith, 1 - (1 - up) * (1 - up))
    if up > 0.015 {
      let scale = 1.3 / (up + 0.12)
      let value = ValueNoise.fractal(
        ray.x * scale + 31, ray.y * scale + 57, width: pixelSize * scale, light.cloudSeed)
      let edge = 0.75 - 0.6 * light.cloudCover
      let cloud = smoothStep(edge - 0.15, edge + 0.2, value) * smoothStep(0.015, 0.12, up)
      color = mix(color, Vector3(0.86, 0.87, 0.9) * (0.7 + 0.3 * value), cloud)
    }
    let toSun = max(0, ray.dot(light.sunDirection))
    let halo = toSun * toSun * toSun * toSun
    return color + light.sunColor * (0.12 * halo * (1 - light.cloudCover))
  }
}
