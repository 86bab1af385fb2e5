import Geometry
import Quantities
import Synchronization

/// Where scans arrive and where perception finds the newest of each sensor.
///
/// Scans go from hand to hand: who puts one in gets the one that it displaces, who takes one leaves its own. Nobody
/// copies points under the lock, and nothing is allocated when three scans of a sensor are on their way.
final class RangeInbox: Sendable {
  /// One place for each sensor that the calibration can state, and one for the camera's own frame.
  static let placeCount = RangeSensor.most + 1

  private struct Place: Sendable {
    var frame = ""
    var timeOffsetNanoseconds: Int64 = 0
    var newest: SensorScan?
    var isFresh = false
    /// Stamp of the newest scan; nil before the first.
    var newestTime: MonotonicTime?
  }

  private struct State: Sendable {
    var places = [Place](repeating: Place(), count: RangeInbox.placeCount)
    var maximumAgeNanoseconds: Int64 = 200_000_000
    var isCalibrated = false
  }

  private let state = Mutex(State())

  /// Clocks of two machines agree to this, with their network between.
  static let futureNanoseconds: Int64 = 50_000_000

  /// Says which sensors there are. Those that stay keep their scans.
  ///
  /// - Parameters:
  ///   - calibration: of the camera; nil = none, then nothing can be placed.
  ///   - cameraFrame: the frame of published data, known without being stated.
  func apply(_ calibration: CameraCalibration?, cameraFrame: String, maximumAgeNanoseconds: Int64) {
    var sensors = calibration?.sensors ?? []
    // The camera's own frame stands first, and takes its clock from the calibration if that states it too.
    let own = sensors.first { $0.frame == cameraFrame }
    sensors.removeAll { $0.frame == cameraFrame }
    if calibration != nil {
      sensors.insert(own ?? RangeSensor(frame: cameraFrame, cameraFromSensor: .identity), at: 0)
    }
    state.withLock { state in
      state.maximumAgeNanoseconds = maximumAgeNanoseconds
      state.isCalibrated = calibration != nil
      let before = state.places
      for index in state.places.indices {
        let sensor = index < sensors.count ? sensors[index] : nil
        let frame = sensor?.frame ?? ""
        var place = before.first { !frame.isEmpty && $0.frame == frame } ?? Place()
        place.frame = frame
        place.timeOffsetNanoseconds = sensor?.timeOffsetNanoseconds ?? 0
        state.places[index] = place
      }
    }
  }

  /// Forgets what came from a publisher that is no longer listened to.
  func startAnew() {
    state.withLock { state in
      for index in state.places.indices {
        state.places[index].newest = nil
        state.places[index].isFresh = false
        state.places[index].newestTime = nil
      }
    }
  }

  /// Where a scan belongs and when it was measured, or why it is not taken.
  enum Admission: Sendable {
    case admitted(place: Int, time: MonotonicTime)
    case rejected(RangeRejection, String)
  }

  func admit(frame: String, stamp: MonotonicTime, now: MonotonicTime) -> Admission {
    state.withLock { state in
      guard let index = state.places.firstIndex(where: { $0.frame == frame && !frame.isEmpty }) else {
        return Self.unknown(frame, state)
      }
      let time = stamp + state.places[index].timeOffsetNanoseconds
      let age = Double(now.nanoseconds) - Double(time.nanoseconds)
      if age < -Double(Self.futureNanoseconds) {
        return .rejected(
          .future, "\"\(frame)\": stamped \(Self.span(-age)) in the future; compare the clocks")
      }
      if age > Double(state.maximumAgeNanoseconds) {
        return .rejected(.old, "\"\(frame)\": \(Self.span(age)) old when it came; sparse.max_age_ms is less")
      }
      if let newest = state.places[index].newestTime, time < newest {
        return .rejected(
          .reordered, "\"\(frame)\": \(Self.span(Double(newest - time))) older than the one before")
      }
      return .admitted(place: index, time: time)
    }
  }

  private static func unknown(_ frame: String, _ state: borrowing State) -> Admission {
    guard state.isCalibrated else {
      return .rejected(
        .noExtrinsics, "\"\(frame)\": the camera has no calibration, so points have no place in it")
    }
    // The first place is the camera's own.
    let stated = state.places.dropFirst().map(\.frame).filter { !$0.isEmpty }
    guard !stated.isEmpty else {
      return .rejected(.noExtrinsics, "\"\(frame)\": the camera's calibration states no sensors")
    }
    return .rejected(
      .unknownFrame, "\"\(frame)\" is none of the calibration's sensors: \(stated.joined(separator: ", "))")
  }

  /// For people: milliseconds, seconds or hours.
  private static func span(_ nanoseconds: Double) -> String {
    let seconds = nanoseconds * 1e-9
    if seconds < 2 { return "\(Int((seconds * 1000).rounded())) ms" }
    return seconds < 3600 ? "\(Int(seconds)) s" : "\(Int((seconds / 3600).rounded())) h"
  }

  /// Hands a filled scan over.
  ///
  /// - Returns: the scan that it displaces, to be filled next; nil while there are too few.
  func put(_ scan: consuming SensorScan, in place: Int) -> SensorScan? {
    state.withLock { state in
      let before = state.places[place].newest
      state.places[place].newestTime = scan.time
      state.places[place].newest = scan
      state.places[place].isFresh = true
      return before
    }
  }

  /// Takes the newest scan of a place for one's own, if there is a newer one.
  func exchange(_ mine: inout SensorScan?, at place: Int) {
    state.withLock { state in
      guard state.places[place].isFresh else { return }
      state.places[place].isFresh = false
      swap(&mine, &state.places[place].newest)
    }
  }

  /// The sensors that have sent something, and when the newest of it was measured.
  var heard: [(frame: String, time: MonotonicTime)] {
    state.withLock { state in
      state.places.compactMap { place in place.newestTime.map { (place.frame, $0) } }
    }
  }
}
