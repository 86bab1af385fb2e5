// `depthctl calib mount`: how high the camera sits and how it looks at the ground, stated or measured.
import ArgumentParser
import Calibration
import DepthClient
import DepthDaemon
import Foundation
import Geometry
import ImageBuffers
import Messaging
import Platform
import Quantities
import WireFormat

struct CalibMountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mount", abstract: "State or measure where the camera sits and how it looks at the ground.",
    discussion: """
      With --height and --pitch, they are written into the calibration file. Without, both are measured on the ground \
      that the daemon's depth shows (stand before open, flat floor), shown, and written with --write; a height that is \
      given is kept, and what the ground says of it shows how far the scale is off.

      --forward and --left say where the lens sits, seen from the point whose motion odometry reports (with wheels: \
      the middle of the axle that does not steer). Without them the camera's motion in turns is known less well. \
      These two and --yaw alone change the stated mount and measure nothing.
      """)

  @OptionGroup var options: CalibOptions
  @Option(help: "Camera [default: the first].") var camera: String?
  @Option(help: "Height of the lens above the ground, metres.") var height: Double?
  @Option(parsing: .unconditional, help: "Degrees the camera looks down; negative looks up.") var pitch:
    Double?
  @Option(
    parsing: .unconditional,
    help: "Degrees the camera is turned about its axis, positive with its right side lower.") var roll:
    Double?
  @Option(parsing: .unconditional, help: "Degrees the camera looks to the left of straight ahead.") var yaw:
    Double?
  @Option(parsing: .unconditional, help: "Metres from the turning centre forward to the lens.") var forward:
    Double?
  @Option(parsing: .unconditional, help: "Metres from the turning centre to the left to the lens.") var left:
    Double?
  @Option(help: "Frames to measure.") var frames = 20
  @Flag(help: "Write what was measured.") var write = false
  @Flag(help: "Write it although the frames disagree.") var anyway = false
  @Flag(help: "Leave the running daemon alone; it takes the file over at its next reload or start.")
  var noReload = false

  func validate() throws {
    if let height, height <= 0 { throw ValidationError("--height must be above zero.") }
    if let pitch, abs(pitch) >= 90 { throw ValidationError("--pitch must lie between -90 and 90 degrees.") }
    if let yaw, abs(yaw) > 180 { throw ValidationError("--yaw must lie between -180 and 180 degrees.") }
    guard [forward, left].allSatisfy({ abs($0 ?? 0) <= 20 }) else {
      throw ValidationError("--forward and --left are metres from the turning centre, at most 20.")
    }
    guard frames > 0 else { throw ValidationError("--frames must be above zero.") }
  }

  func run() throws {
    Interrupt.watch()
    if let stated = try statedMount() { return try save(stated, origin: "depthctl calib mount, by hand") }
    let measured = try MountEstimate(options.client.directory, camera: camera, frames: frames)
    for line in measured.lines(statedHeight: height) { print(line) }
    guard write else { return print("nothing is written; repeat with --write to keep it") }
    if let doubt = measured.doubt(hasHeight: height != nil, hasPitch: pitch != nil), !anyway {
      throw CalibCommandError.uncertainMount(doubt)
    }
    guard let height = height ?? measured.heightMeters else { throw CalibCommandError.notMetric }
    var mount = measured.median
    mount.heightMeters = height
    // The ground tells nothing of these two.
    if let present = try presentMount() {
      mount.yawRadians = present.yawRadians
      mount.leverArm = present.leverArm
    }
    try save(changed(mount), origin: "depthctl calib mount, measured on \(measured.count) frames")
  }

  /// The mount that the options state; nil when height and pitch are to be measured.
  private func statedMount() throws -> CameraMount? {
    if let height, let pitch {
      var mount = try presentMount() ?? CameraMount(heightMeters: height, pitchRadians: 0)
      mount.heightMeters = height
      mount.pitchRadians = pitch * .pi / 180
      mount.rollRadians = 0
      return changed(mount)
    }
    guard height == nil, pitch == nil, roll == nil, !write, forward != nil || left != nil || yaw != nil else {
      return nil
    }
    guard let present = try presentMount() else {
      throw ValidationError("the calibration states no mount yet: give --height and --pitch as well.")
    }
    return changed(present)
  }

  private func presentMount() throws -> CameraMount? {
    try CalibrationReading.read(options.place().fileToReplace()).info.mount
  }

  /// The mount with what the options say.
  private func changed(_ mount: CameraMount) -> CameraMount {
    var mount = mount
    if let pitch { mount.pitchRadians = pitch * .pi / 180 }
    if let roll { mount.rollRadians = roll * .pi / 180 }
    if let yaw { mount.yawRadians = yaw * .pi / 180 }
    if forward != nil || left != nil {
      let present = mount.leverArm ?? .init(forwardMeters: 0)
      mount.leverArm = .init(
        forwardMeters: forward ?? present.forwardMeters, leftMeters: left ?? present.leftMeters)
    }
    return mount
  }

  private func save(_ mount: CameraMount, origin: String) throws {
    let target = try options.place().fileToReplace()
    var info = try CalibrationReading.read(target).info
    info.mount = mount
    print(mount.text)
    try CalibrationExchange(store: CalibrationStore(path: target), options: options.client)
      .apply(info.fileText(origin: origin), reloads: !noReload)
  }
}

/// The ground as seen in some frames of the daemon's depth.
struct MountEstimate {
  let median: CameraMount
  /// Frames that showed ground, of those looked at.
  let count: Int
  private let looked: Int
  private let isMetric: Bool
  private let spread: (height: Double, pitchDegrees: Double)
  private let share: Double

  /// Frames that differ by more than this measure the network's mood, not the mount.
  private static let largestPitchSpreadDegrees = 2.0
  private static let largestHeightSpreadShare = 0.1

  /// Why what was measured should not be kept; nil when nothing speaks against it.
  ///
  /// - Parameters:
  ///   - hasHeight, hasPitch: whether a person states it, so that the measurement of it does not count.
  func doubt(hasHeight: Bool, hasPitch: Bool) -> String? {
    if !hasPitch, spread.pitchDegrees > Self.largestPitchSpreadDegrees {
      return String(
        format: "the frames' pitches spread by ±%.1f degrees (%.1f are allowed)", spread.pitchDegrees,
        Self.largestPitchSpreadDegrees)
    }
    let share = spread.height / median.heightMeters
    if !hasHeight, share > Self.largestHeightSpreadShare {
      return String(
        format: "the frames' heights spread by ±%.0f %% (%.0f %% are allowed)", share * 100,
        Self.largestHeightSpreadShare * 100)
    }
    return nil
  }

  /// Nil while depth is not metric.
  var heightMeters: Double? { isMetric ? median.heightMeters : nil }

  /// - Throws: when no frame comes, when it has no intrinsics, or when none shows ground.
  init(_ directory: EndpointDirectory, camera: String?, frames: Int) throws {
    let stream = try DepthStream(directory, camera: camera, timeout: 5)
    var views: [GroundView] = []
    for _ in 0..<frames {
      guard let frame = stream.next() else {
        throw ClientCommandError.nothingReceived(topic: stream.topicName, directory: directory.path)
      }
      guard let k = frame.header.intrinsics else {
        throw ValidationError(
          "depth has no intrinsics, so angles cannot be measured: apply a calibration first.")
      }
      let depth = try frame.makeDepthPlane()
      let (base, stride) = (depth.baseAddress, depth.rowStride)
      if let view = GroundView(intrinsics: k, depth: { u, v in base[v * stride + u] }) { views.append(view) }
      withExtendedLifetime(depth) {}
    }
    guard views.count >= max(1, frames / 4) else { throw CalibCommandError.noGround(looked: frames) }
    looked = frames
    count = views.count
    isMetric = stream.isMetric
    let heights = views.map(\.mount.heightMeters).sorted()
    let pitches = views.map(\.mount.pitchRadians).sorted()
    let rolls = views.map(\.mount.rollRadians).sorted()
    let middle = views.count / 2
    median = CameraMount(
      heightMeters: heights[middle], pitchRadians: pitches[middle], rollRadians: rolls[middle])
    func halfSpread(_ sorted: [Double]) -> Double {
      (sorted[sorted.count * 84 / 100] - sorted[sorted.count * 16 / 100]) / 2
    }
    spread = (halfSpread(heights), halfSpread(pitches) * 180 / .pi)
    share = views.map(\.groundShare).sorted()[middle]
  }

  func lines(statedHeight: Double?) -> [String] {
    let unit = isMetric ? "m" : "network units"
    let pitch = median.pitchRadians * 180 / .pi
    var lines = [
      String(
        format: "ground   seen in %d of %d frames, on %.0f %% of the pixels looked at", count, looked,
        share * 100),
      String(format: "height   %.3f %@ ±%.3f", median.heightMeters, unit, spread.height),
      String(
        format: "pitch    %.2f degrees %@ ±%.2f", abs(pitch), pitch < 0 ? "up" : "down", spread.pitchDegrees),
      String(format: "roll     %.2f degrees", median.rollRadians * 180 / .pi),
    ]
    if let statedHeight {
      let ratio = statedHeight / median.heightMeters
      lines.append(
        isMetric
          ? String(format: "scale    the ground says depth is %+.1f %% off", (1 / ratio - 1) * 100)
          : String(format: "scale    the ground says %.3f m per network unit", ratio))
    }
    if let doubt = doubt(hasHeight: statedHeight != nil, hasPitch: false) {
      lines.append("doubt    \(doubt)")
    }
    return lines
  }
}
