// `depthctl scale replay`: how the scale would be learned on a recording or in the simulator, frame by frame.
import ArgumentParser
import Capture
import DepthDaemon
import DepthPipeline
import Drive
import Foundation
import Geometry
import ModelBundle
import Platform
import Quantities
import Simulation

extension ScaleCommand {
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Learn the scale on a recording or in the simulator, without a daemon; one JSON object per frame.")
    @Option(help: "sim:WORLD or drive:PATH.") var source: String
    @Option(help: "Model bundle or ONNX file.") var model = "models/lite"
    @Option(help: "How long, seconds of the source.") var seconds = 60.0
    @Option(help: "Seed of the simulator.") var seed: UInt64 = 1
    @Option(help: "Image size of the simulator.") var size = ImageSize(width: 320, height: 240)
    @Option(help: "Frame rate of the simulator.") var rate = 10.0
    @Option(help: "The model's scale is taken to be this many times what its bundle says.") var factor = 1.0
    @Option(help: "The configured camera height over the true one.") var heightFactor = 1.0
    @Option(help: "Camera height, m: of the simulator's robot; of a recording whose calibration names none.")
    var cameraHeight: Double?
    @Option(help: "Configured pitch less the true one, degrees.") var pitchError = 0.0
    @Option(help: "Camera ahead of the turning centre, m (simulator).") var forward = 0.0
    @Option(help: "Camera pitch, degrees, positive looks down (simulator).") var pitch = 0.0
    @Option(help: "Added to the odometry's times, ms.") var offsetMs = 0.0
    @Option(help: "Wheels slip: START:END in seconds.") var slip: String?
    @Option(help: "Speed that slipping wheels read, as a multiple.") var slipFactor = 1.3
    @Option(help: "Odometry is silent: START:END in seconds.") var silence: String?
    @Option(help: "The robot is parked: START:END in seconds; it drives on from where it stopped.")
    var stop: String?
    @Option(help: "Random range points in each frame (simulator).") var points = 0
    @Option(help: "No range points come: START:END in seconds.") var blind: String?
    @Flag(help: "Range points are compared with depth but do not complete it.") var noCompletion = false
    @Option(help: "Folder that a learned scale is read from at the start and written to at the end.")
    var state: String?
    @Option(help: "Threads of the network.") var threads = 2

    func run() throws {
      var disturbance = ScaleReplay.Disturbance()
      disturbance.priorFactor = factor
      disturbance.heightFactor = heightFactor
      disturbance.pitchError = pitchError * .pi / 180
      disturbance.odometryOffsetSeconds = offsetMs * 1e-3
      disturbance.slip = try Self.range(slip)
      disturbance.slipFactor = slipFactor
      disturbance.stop = try Self.range(stop)
      disturbance.silence = try Self.range(silence)
      disturbance.blindness = try Self.range(blind)
      var ranges = RangeSettings()
      ranges.completes = !noCompletion
      let start = MonotonicTime.now()
      let (frames, calibration) = try open(start)
      let replay = try ScaleReplay(
        source: frames, start: start, calibration: calibration, model: try DepthModel.load(path: model),
        ranges: ranges, stateDirectory: state ?? "/nonexistent", threads: threads, disturbance: disturbance)
      while let steps = try replay.next(), let last = steps.last, last.seconds <= seconds {
        for step in steps { try print(step) }
      }
      if let state { try replay.save(stateDirectory: state) }
    }

    private func open(_ start: MonotonicTime) throws -> (any FrameSource, CameraCalibration?) {
      if let world = source.dropPrefix("sim:").flatMap({ SimulationWorld(rawValue: $0) }) {
        var settings = SimulationSettings(
          world: world, seed: seed, calibration: SimulationSettings.defaultCalibration(size: size))
        settings.rateHz = rate
        settings.cameraForwardMeters = forward
        if let cameraHeight { settings.cameraHeightMeters = cameraHeight }
        settings.cameraPitchRadians = pitch * .pi / 180
        let executor = WorkerTeam(width: threads)
        let frames = SimulationSource(
          settings, executor: executor, isPaced: false,
          rangeScans: points > 0 ? [RangeScan(.points(points), seed: seed)] : [], start: start)
        return (frames, settings.mountedCalibration)
      }
      guard let folder = source.dropPrefix("drive:") else {
        throw ValidationError("--source must be sim:WORLD or drive:PATH")
      }
      var playback = DriveSource.Playback()
      playback.isPaced = false
      let drive = try DriveSource(directory: folder, playback: playback, start: start)
      var calibration = drive.drive.calibration
      if calibration?.mount == nil, let cameraHeight {
        calibration?.mount = CameraMount(heightMeters: cameraHeight, pitchRadians: 0)
      }
      return (drive, calibration)
    }

    private func print(_ step: ScaleReplay.Step) throws {
      var line: [String: Any] = [
        "t": step.seconds, "progress": step.progressPercent, "network_ms": 1000 * step.networkSeconds,
        "learning_ms": 1000 * step.learningSeconds, "completing": step.completing,
        "network_counted_ms": 1000 * step.nominalNetworkSeconds,
        "learning_counted_ms": 1000 * step.nominalLearningSeconds,
      ]
      if let estimate = step.estimate {
        line["value"] = estimate.value
        line["sigma"] = estimate.logSigma
        line["state"] = estimate.state.rawValue
        line["sources"] = estimate.sources.names
      }
      if let reason = step.reason { line["reason"] = reason }
      line["observations"] = step.looks.map(Self.object)
      if let look = step.mountLook { line["mount"] = Self.object(look) }
      if let word = step.mountWord {
        line["camera_height"] = word.heightMeters
        line["camera_height_sigma"] = word.sigma
        line["camera_height_verdict"] = word.verdict
      }
      if let turn = step.turn { line["turn"] = ["seconds": turn.seconds, "rad": turn.radians] }
      if let moved = step.moved { line["remount"] = Self.object(moved) }
      if let truth = step.trueLogScale { line["truth"] = exp(truth) }
      if let published = step.publishedLogScale { line["published_truth"] = exp(published) }
      if let speed = step.speed { line["speed"] = speed }
      let data = try JSONSerialization.data(withJSONObject: line, options: [.sortedKeys])
      Swift.print(String(decoding: data, as: UTF8.self))
    }

    private static func object(_ look: ScaleReplay.Look) -> [String: Any] {
      var object: [String: Any] = ["source": look.source]
      if let value = look.value { object["value"] = value }
      if let sigma = look.sigma { object["sigma"] = sigma }
      if let reason = look.rejected { object["rejected"] = reason }
      return object
    }

    private static func object(_ look: ScaleReplay.MountLook) -> [String: Any] {
      var object: [String: Any] = [:]
      if let found = look.measured {
        object["height"] = found.heightMeters
        object["sigma"] = found.sigma
        object["pitch_deg"] = found.pitchRadians * 180 / .pi
        object["roll_deg"] = found.rollRadians * 180 / .pi
      }
      if let reason = look.rejected { object["rejected"] = reason }
      return object
    }

    private static func object(_ moved: ScaleReplay.MovedWord) -> [String: Any] {
      [
        "pitch_deg": moved.pitchRadians * 180 / .pi, "height_m": moved.heightMeters,
        "depth_errors": moved.depthErrors.filter(\.share.isFinite).map {
          ["m": $0.meters, "share": $0.share]
        },
      ]
    }

    private static func range(_ text: String?) throws -> ClosedRange<Double>? {
      guard let text else { return nil }
      let parts = text.split(separator: ":").compactMap { Double($0) }
      guard parts.count == 2, parts[0] <= parts[1] else {
        throw ValidationError("\"\(text)\" must be START:END in seconds")
      }
      return parts[0]...parts[1]
    }
  }
}

extension String {
  fileprivate func dropPrefix(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
