import Geometry
import Quantities
import WireFormat

/// One scan as points (x, y, z) in the sensor's axes, metres. Memory is allocated once and refilled.
///
/// `@unchecked Sendable`: one thread at a time has it; it changes hands under `RangeInbox`'s lock.
final class SensorScan: @unchecked Sendable {
  /// More points are thinned evenly when they arrive: a frame's path must not depend on what somebody sends.
  static let mostPoints = 65_536

  private(set) var frame = ""
  /// When it was measured, offset of the sensor's clock included.
  private(set) var time = MonotonicTime(nanoseconds: 0)
  private(set) var count = 0
  /// Of the inbox when the scan was put in (`RangeInbox`).
  var epoch = -1
  private let floats = UnsafeMutablePointer<Float>.allocate(capacity: 3 * SensorScan.mostPoints)

  deinit { floats.deallocate() }

  /// What became of the points of a message.
  struct Intake: Equatable, Sendable {
    var received = 0
    var notFinite = 0
    var thinned = 0
  }

  /// Valid until the next `fill`.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: floats, count: 12 * count) }

  /// Takes the points of a message over.
  ///
  /// - Parameter message: whose payload `header` has checked.
  func fill(_ header: RangeMessage, _ message: UnsafeRawBufferPointer, time: MonotonicTime) -> Intake {
    if frame != header.frame { frame = header.frame }
    self.time = time
    let payload = UnsafeRawBufferPointer(rebasing: message[header.payloadRange])
    switch header.content {
    case .points(let total):
      return fill(places: total) { place in
        let point = SIMD3(
          float(payload, 12 * place), float(payload, 12 * place + 4), float(payload, 12 * place + 8))
        return point.x.isFinite && point.y.isFinite && point.z.isFinite ? .point(point) : .notFinite
      }
    case .depthMeters(let camera):
      return fill(places: camera.size.pixelCount) { place in
        let depth = float(payload, 4 * place)
        // NaN and 0 say that there is no point; less or endless depth is none that was measured.
        guard !depth.isNaN, depth != 0 else { return .nothing }
        guard depth > 0, depth.isFinite else { return .notFinite }
        return .point(camera.point(place, depth))
      }
    case .depthMillimeters(let camera):
      return fill(places: camera.size.pixelCount) { place in
        let bits = payload.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self)
        let depth = Float(UInt16(littleEndian: bits)) * 1e-3
        return depth > 0 ? .point(camera.point(place, depth)) : .nothing
      }
    }
  }

  private enum Place {
    case nothing
    case notFinite
    case point(SIMD3<Float>)
  }

  /// Keeps all points, or every n-th when they are too many.
  private func fill(places: Int, _ place: (Int) -> Place) -> Intake {
    var intake = Intake()
    var usable = 0
    for index in 0..<places {
      switch place(index) {
      case .nothing: break
      case .notFinite: intake.notFinite += 1
      case .point: usable += 1
      }
    }
    intake.received = usable + intake.notFinite
    let step = max(1, (usable + Self.mostPoints - 1) / Self.mostPoints)
    count = 0
    var seen = 0
    for index in 0..<places {
      guard case .point(let point) = place(index) else { continue }
      if seen % step == 0 {
        floats[3 * count] = point.x
        floats[3 * count + 1] = point.y
        floats[3 * count + 2] = point.z
        count += 1
      }
      seen += 1
    }
    intake.thinned = usable - count
    return intake
  }
}

private func float(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Float {
  Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
}

extension CameraIntrinsics {
  /// The point that a pixel, counted row by row, sees at a depth.
  fileprivate func point(_ place: Int, _ depth: Float) -> SIMD3<Float> {
    let ray = unproject(u: Double(place % size.width), v: Double(place / size.width))
    return SIMD3(Float(ray.x) * depth, Float(ray.y) * depth, depth)
  }
}
