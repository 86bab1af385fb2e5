// `depthctl quality`: how good is depth on a flat wall?
import ArgumentParser
import DepthClient
import Evaluation
import Foundation
import Geometry
import Messaging
import Platform
import Quantities
import WireFormat

struct QualityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality", abstract: "Measure depth on a flat wall: holes, flatness, noise.",
    discussion: """
      Stand the camera still before a flat wall with some texture that fills the middle of the image (40 % of its \
      width and height), one to five metres away. With --distance, the published distance is judged too.
      """)

  @OptionGroup var options: ClientOptions
  @Option(help: "Camera [default: the first].") var camera: String?
  @Option(help: "Measure this many frames.") var frames = 30
  @Option(help: "True distance of the wall along the optical axis, metres.") var distance: Double?
  @Option(help: "Give up after this many seconds without frames.") var timeout = 5.0
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard frames > 0 else { throw ValidationError("--frames must be above zero.") }
  }

  func run() throws {
    Interrupt.watch()
    let stream = try DepthStream(options.directory, camera: camera, timeout: timeout)
    var test: WallTest?
    var isCalibrated = true
    var fastest = 0.0
    for _ in 0..<frames {
      guard let frame = stream.next() else {
        throw ClientCommandError.nothingReceived(
          topic: stream.topicName, directory: options.directory.path)
      }
      let k = frame.header.intrinsics ?? frame.header.size.assumedIntrinsics
      isCalibrated = frame.header.intrinsics != nil
      fastest = max(fastest, abs(frame.header.odometry?.speedMetersPerSecond ?? 0))
      var running = test ?? WallTest(intrinsics: k)
      running.add(try frame.makeDepthPlane())
      test = running
    }
    guard let result = test?.result else {
      print("no pixel of the middle of the image has a depth: everything is a hole")
      throw ExitCode(1)
    }
    let report = WallReport(result, unit: stream.isMetric ? "m" : "network units", trueDistance: distance)
    if json { return print(try JSONText.line(report.object)) }
    print(
      "\(stream.topicName): \(result.frames) frames, the middle \(Int(WallTest.regionShare * 100)) % of the image"
    )
    if !isCalibrated { print("no calibration: angles are taken from a lens of 60 degrees") }
    for line in report.lines { print(line) }
    if fastest > 0.02 {
      print(
        String(format: "the robot moves at up to %.2f m/s: noise and distance mean nothing then", fastest))
    }
  }
}

extension ImageSize {
  /// A lens of 60 degrees across, for pictures whose own is not known.
  fileprivate var assumedIntrinsics: CameraIntrinsics {
    let focal = Double(width) / (2 * tan(Double.pi / 6))
    return CameraIntrinsics(
      fx: focal, fy: focal, cx: Double(width - 1) / 2, cy: Double(height - 1) / 2, size: self)
  }
}

/// The numbers of a wall test with what they mean.
struct WallReport {
  private let result: WallTest.Result
  private let unit: String
  private let trueDistance: Double?

  init(_ result: WallTest.Result, unit: String, trueDistance: Double?) {
    self.result = result
    self.unit = unit
    self.trueDistance = trueDistance
  }

  private var distanceError: Double? { trueDistance.map { result.distance / $0 - 1 } }

  var object: [String: Any] {
    var object: [String: Any] = [
      "frames": result.frames, "fill_ratio": result.fillRatio, "distance": result.distance, "unit": unit,
    ]
    object["plane_error_ratio"] = result.planeErrorRatio
    object["plane_share"] = result.planeShare
    object["tilt_deg"] = result.tiltRadians.map { $0 * 180 / .pi }
    object["temporal_noise_ratio"] = result.temporalNoiseRatio
    object["distance_error_ratio"] = distanceError
    return object
  }

  var lines: [String] {
    var lines = [
      line(
        "fill rate", result.fillRatio, good: 0.99, fair: 0.95, isMoreBetter: true,
        "pixels with a depth; holes: low confidence, lens edge")
    ]
    lines.append(
      "distance       \(number(result.distance)) \(unit)"
        + (distanceError.map {
          "  (\(signed($0)) against the true \(number(trueDistance ?? 0)) m; correct scale.constant by it)"
        } ?? ""))
    if let error = result.planeErrorRatio {
      lines.append(
        line("plane error", error, good: 0.02, fair: 0.05, "how far the wall is from flat, of its distance"))
    } else {
      lines.append("plane error    no plane: what is seen is no flat wall")
    }
    if let tilt = result.tiltRadians {
      lines.append("tilt           \(number(tilt * 180 / .pi)) degrees between the wall and the image plane")
    }
    if let noise = result.temporalNoiseRatio {
      lines.append(
        line("temporal noise", noise, good: 0.01, fair: 0.03, "how much a pixel trembles from frame to frame")
      )
    }
    return lines
  }

  private func line(
    _ name: String, _ value: Double, good: Double, fair: Double, isMoreBetter: Bool = false, _ meaning: String
  ) -> String {
    let isGood = isMoreBetter ? value >= good : value <= good
    let isFair = isMoreBetter ? value >= fair : value <= fair
    let grade = isGood ? "good" : isFair ? "fair" : "poor"
    return padded(name, 15) + padded(String(format: "%.2f %%", value * 100), 10) + padded(grade, 6) + meaning
  }

  private func number(_ value: Double) -> String { String(format: "%.3g", value) }
  private func signed(_ share: Double) -> String { String(format: "%+.1f %%", share * 100) }
}
