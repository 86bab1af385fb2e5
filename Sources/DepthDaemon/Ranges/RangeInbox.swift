package import Geometry
package import Quantities
import Synchronization

/// Where scans arrive and where perception finds the newest of each sensor.
///
/// Scans go from hand to hand: who puts one in gets the one that it displaces, who takes one leaves its own. Nobody
/// copies points under the lock, and nothing is allocated when three scans of a sensor are on their way.
package final class RangeInbox: Sendable {
  /// One place for each sensor that the calibration can state, and one for the camera's own frame.
  package static let placeCount = RangeSensor.most + 1

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
    /// Why a frame without a place is refused.
    var stranger = RangeRefusal.noCalibration
    /// Raised when places change hands or the publisher does: scans of an earlier one count no more.
    var epoch = 0

    mutating func forgetScans() {
      epoch += 1
      for index in places.indices {
        places[index].newest = nil
        places[index].isFresh = false
      }
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// Clocks of two machines agree to this, with their network between.
  package static let futureNanoseconds: Int64 = 50_000_000

  /// Says which sensors there are. Scans are kept when they are the same ones.
  ///
  /// - Parameters:
  ///   - calibration: of the camera; nil = none, then nothing can be placed.
  ///   - cameraFrame: the frame of published data, known without being stated.
  package func apply(_ calibration: CameraCalibration?, cameraFrame: String, maximumAgeNanoseconds: Int64) {
    var sensors = calibration?.sensors ?? []
    let stranger = Self.stranger(to: sensors, cameraFrame: cameraFrame, isCalibrated: calibration != nil)
    // The camera's own frame stands first, and takes its clock from the calibration if that states it too.
    let own = sensors.first { $0.frame == cameraFrame }
    sensors.removeAll { $0.frame == cameraFrame }
    if calibration != nil {
      sensors.insert(own ?? RangeSensor(frame: cameraFrame, cameraFromSensor: .identity), at: 0)
    }
    state.withLock { state in
      state.maximumAgeNanoseconds = maximumAgeNanoseconds
      state.stranger = stranger
      let before = state.places
      let frames = (0..<Self.placeCount).map { $0 < sensors.count ? sensors[$0].frame : "" }
      if frames != before.map(\.frame) { state.forgetScans() }
      for index in state.places.indices {
        let sensor = index < sensors.count ? sensors[index] : nil
        state.places[index].frame = frames[index]
        state.places[index].timeOffsetNanoseconds = sensor?.timeOffsetNanoseconds ?? 0
        let known = before.first { !frames[index].isEmpty && $0.frame == frames[index] }
        state.places[index].newestTime = known?.newestTime
      }
    }
  }

  /// Why a frame is refused that is none of these.
  private static func stranger(
    to sensors: [RangeSensor], cameraFrame: String, isCalibrated: Bool
  ) -> RangeRefusal {
    guard isCalibrated else { return .noCalibration }
    let stated = sensors.map(\.frame).filter { $0 != cameraFrame }
    return stated.isEmpty ? .noSensors : .unknownFrame(stated: stated)
  }

  /// Forgets what came from a publisher that is no longer listened to.
  package func startAnew() {
    state.withLock { state in
      state.forgetScans()
      for index in state.places.indices { state.places[index].newestTime = nil }
    }
  }

  /// Where a scan belongs and when it was measured, or why it is not taken.
  package enum Admission: Sendable {
    case admitted(Ticket)
    case refused(RangeRefusal)
  }

  /// A place as it was when a scan was admitted to it.
  package struct Ticket: Sendable {
    package let place: Int
    /// When the scan was measured, offset of the sensor's clock included.
    package let time: MonotonicTime
    fileprivate let epoch: Int
  }

  package func admit(frame: String, stamp: MonotonicTime, now: MonotonicTime) -> Admission {
    state.withLock { state in
      guard let index = state.places.firstIndex(where: { $0.frame == frame && !frame.isEmpty }) else {
        return .refused(state.stranger)
      }
      let time = stamp + state.places[index].timeOffsetNanoseconds
      // Stamps are what somebody sends: their difference need not fit 64 bits.
      let age = Double(now.nanoseconds) - Double(time.nanoseconds)
      if age < -Double(Self.futureNanoseconds) { return .refused(.future(by: -age)) }
      if age > Double(state.maximumAgeNanoseconds) { return .refused(.old(by: age)) }
      if let newest = state.places[index].newestTime, time < newest {
        return .refused(.reordered(by: Double(newest - time)))
      }
      return .admitted(Ticket(place: index, time: time, epoch: state.epoch))
    }
  }

  /// Hands a filled scan over.
  ///
  /// - Returns: the scan that it displaces, to be filled next, or itself when its place has changed hands meanwhile;
  ///   nil while there are too few.
  package func put(_ scan: consuming SensorScan, for ticket: Ticket) -> SensorScan? {
    state.withLock { state in
      guard state.epoch == ticket.epoch else { return scan }
      let before = state.places[ticket.place].newest
      scan.epoch = state.epoch
      state.places[ticket.place].newestTime = scan.time
      state.places[ticket.place].newest = scan
      state.places[ticket.place].isFresh = true
      return before
    }
  }

  /// Takes the newest scan of a place for one's own, if there is a newer one.
  ///
  /// - Returns: whether one's own now is of the sensor that has the place, from the present publisher.
  package func exchange(_ mine: inout SensorScan?, at place: Int) -> Bool {
    state.withLock { state in
      if state.places[place].isFresh {
        state.places[place].isFresh = false
        swap(&mine, &state.places[place].newest)
      }
      return mine?.epoch == state.epoch
    }
  }

  /// The sensors that have sent something, and when the newest of it was measured.
  package var heard: [(frame: String, time: MonotonicTime)] {
    state.withLock { state in
      state.places.compactMap { place in place.newestTime.map { (place.frame, $0) } }
    }
  }
}
