import Geometry
package import Quantities
package import WireFormat

/// One scan as points (x, y, z) in the sensor's axes, metres. Memory is allocated once and refilled.
///
/// `@unchecked Sendable`: one thread at a time has it; it changes hands under `RangeInbox`'s lock.
package final class SensorScan: @unchecked Sendable {
  /// More points are thinned evenly when they arrive: a frame's path must not depend on what somebody sends.
  package static let mostPoints = 65_536

  package private(set) var frame = ""
  /// When it was measured, offset of the sensor's clock included.
  package private(set) var time = MonotonicTime(nanoseconds: 0)
  package private(set) var count = 0
  /// Of the inbox when the scan was put in (`RangeInbox`).
  var epoch = -1
  private let floats = UnsafeMutablePointer<Float>.allocate(capacity: 3 * SensorScan.mostPoints)

  package init() {}

  deinit { floats.deallocate() }

  /// What became of the points of a message.
  package struct Intake: Equatable, Sendable {
    package var received = 0
    package var notFinite = 0
    package var thinned = 0

    package init(received: Int = 0, notFinite: Int = 0, thinned: Int = 0) {
      self.received = received
      self.notFinite = notFinite
      self.thinned = thinned
    }
  }

  /// `count` points (x, y, z) as float32 of this machine, metres; valid until the next `fill`.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: floats, count: 12 * count) }

  /// Takes the points of a message over.
  ///
  /// - Parameters:
  ///   - header: of `message`, whose payload it has checked.
  ///   - time: when it was measured, offset of the sensor's clock included.
  package func fill(
    _ header: RangeMessage, _ message: UnsafeRawBufferPointer, time: MonotonicTime
  ) -> Intake {
    if frame != header.frame { frame = header.frame }
    self.time = time
    let payload = UnsafeRawBufferPointer(rebasing: message[header.payloadRange])
    switch header.content {
    case .points(let total):
      func point(_ place: Int) -> SIMD3<Float> {
        SIMD3(
          payload.littleEndianFloat(at: 12 * place), payload.littleEndianFloat(at: 12 * place + 4),
          payload.littleEndianFloat(at: 12 * place + 8))
      }
      return fill(places: total, point) { place in
        let point = point(place)
        return point.x.isFinite && point.y.isFinite && point.z.isFinite ? .point : .notFinite
      }
    case .depthMeters(let camera):
      func depth(_ place: Int) -> Float { payload.littleEndianFloat(at: 4 * place) }
      return fill(places: camera.size.pixelCount, { camera.point($0, depth($0)) }) { place in
        let depth = depth(place)
        // NaN and 0 say that there is no point; less or endless depth is none that was measured.
        guard !depth.isNaN, depth != 0 else { return .nothing }
        return depth > 0 && depth.isFinite ? .point : .notFinite
      }
    case .depthMillimeters(let camera):
      func depth(_ place: Int) -> Float {
        Float(UInt16(littleEndian: payload.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))) * 1e-3
      }
      return fill(places: camera.size.pixelCount, { camera.point($0, depth($0)) }) { place in
        depth(place) > 0 ? .point : .nothing
      }
    }
  }

  private enum Place {
    case nothing
    case notFinite
    case point
  }

  /// Keeps all points, or every n-th when they are too many.
  private func fill(places: Int, _ point: (Int) -> SIMD3<Float>, _ look: (Int) -> Place) -> Intake {
    var intake = Intake()
    var usable = 0
    for index in 0..<places {
      switch look(index) {
      case .nothing: break
      case .notFinite: intake.notFinite += 1
      case .point: usable += 1
      }
    }
    intake.received = usable + intake.notFinite
    let step = max(1, (usable + Self.mostPoints - 1) / Self.mostPoints)
    count = 0
    var seen = 0
    for index in 0..<places where look(index) == .point {
      if seen % step == 0 {
        let point = point(index)
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

extension CameraIntrinsics {
  /// The point that a pixel, counted row by row, sees at a depth in metres.
  fileprivate func point(_ place: Int, _ depth: Float) -> SIMD3<Float> {
    let ray = unproject(u: Double(place % size.width), v: Double(place / size.width))
    return SIMD3(Float(ray.x) * depth, Float(ray.y) * depth, depth)
  }
}
