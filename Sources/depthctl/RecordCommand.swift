// `depthctl record`: what the running daemon's camera sees, as a drive folder.
import ArgumentParser
import DepthClient
import Drive
import Foundation
import ImageBuffers
import Messaging
import Platform
import Quantities
import WireFormat

struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record the daemon's camera and odometry as a drive folder, and truth of the image's size.",
    discussion: """
      Ends after --frames or --seconds, or with Ctrl-C; the folder is complete in every case. Frames are stored \
      as the daemon publishes them, without another loss of quality. When the power goes instead, --complete makes a \
      drive of what is there.
      """)

  @OptionGroup var options: ClientOptions
  @Option(help: "Folder to create.") var out: String
  @Option(help: "Camera [default: the first].") var camera: String?
  @Option(help: "End after this many seconds.") var seconds: Double?
  @Option(help: "End after this many frames.") var frames: Int?
  @Flag(
    help: "Where the source knows no truth, store the daemon's own metric depth in depth/. It is no truth.")
  var ownDepth = false
  @Flag(help: "Record nothing; complete the folder of a recording that was interrupted.") var complete = false
  @Option(help: "Licence of the recording, written into drive.toml.") var licence = ""

  func validate() throws {
    guard (frames ?? 1) > 0, (seconds ?? 1) > 0 else {
      throw ValidationError("--frames and --seconds must be above 0")
    }
  }

  func run() throws {
    if complete {
      return print("\(out): \(try DriveWriter.complete(directory: out).frameCount) frames, complete")
    }
    Interrupt.watch()
    let client = try DepthClient(options.directory)
    let name = try client.camera(named: camera, milliseconds: 5000)
    let recorder = try DriveRecorder(client, camera: name, ownDepth: ownDepth)
    let info = client.status.info?.cameras.first { $0.name == name }
    let expected = frames ?? seconds.flatMap { s in info?.rateHz.map { Int(s * $0) } }
    var progress = ProgressBar("record \(name)", total: expected ?? 1_000_000)
    let start = MonotonicTime.now()
    while !Interrupt.isRequested, frames.map({ recorder.frameCount < $0 }) ?? true {
      let elapsed = Double(MonotonicTime.now() - start) * 1e-9
      if let seconds, elapsed >= seconds { break }
      try recorder.step { size in
        try DriveWriter(
          directory: out, manifest: manifest(name, size, info),
          calibration: recorder.calibration(for: size))
      }
      progress.show(min(recorder.frameCount, expected ?? .max), "lost \(recorder.lostFrames)")
      guard recorder.frameCount > 0 || elapsed < 10 else {
        throw ClientCommandError.nothingReceived(
          topic: "\(name)/image/", directory: options.directory.path)
      }
    }
    guard try recorder.finish() else {
      throw ClientCommandError.nothingReceived(topic: "\(name)/image/", directory: options.directory.path)
    }
    print("\(out): \(recorder.summary)")
  }

  private func manifest(
    _ name: String, _ size: ImageSize, _ info: InfoMessage.Camera?
  ) -> DriveManifest {
    DriveManifest(
      name: URL(fileURLWithPath: out).lastPathComponent, kind: .sequence, size: size,
      nominalRateHz: info?.rateHz ?? 0, licence: licence,
      origin: "depthctl record, camera \(name), source \(info?.source ?? "unknown")",
      note: ownDepth ? "depth/ may hold the daemon's own estimate instead of truth" : "")
  }
}
