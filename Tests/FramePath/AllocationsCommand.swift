import ArgumentParser
import DepthDaemon
import DepthPipeline
import ImageBuffers
import Messaging
import Platform
import Quantities
import TestSupport
import WireFormat

/// `framepath allocations`: zero in steady state, or exit code 1 with the call stacks.
struct AllocationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allocations", abstract: "Count heap allocations per frame in steady state.")

  @Option(help: "Model bundle or ONNX file.") var model = "models/lite"
  @Option(help: "Network size, WxH [default: the model's choice].") var size: String?
  @Option(help: "Counted frames per scenario.") var frames = 60
  @Flag(help: "Allocate on purpose, to see the check fail.") var plant = false

  private static let warmUp = 30
  private static let rounds = 5

  func run() throws {
    let setup = try PathSetup(modelPath: model, inputSize: size.flatMap { ImageSize($0) })
    var isClean = true
    for (name, buffers) in [("yuyv", CameraBuffers.yuyv()), ("mjpg", try CameraBuffers.mjpg())] {
      isClean = try countPipeline(name, buffers, setup) && isClean
      isClean = try countPublishing(name, buffers, setup) && isClean
      isClean = try countDaemon(name, buffers, setup) && isClean
    }
    guard isClean else { throw ExitCode.failure }
  }

  /// Decode, pipeline and encoding of every topic into a sink that throws the bytes away.
  private func countPipeline(_ name: String, _ buffers: CameraBuffers, _ setup: PathSetup) throws -> Bool {
    try count("\(name), null sink", buffers, setup, NullSink(), beforeFrame: {}, afterWarmUp: {})
  }

  /// The same into the daemon's sockets, with a subscriber to everything on both endpoints.
  private func countPublishing(_ name: String, _ buffers: CameraBuffers, _ setup: PathSetup) throws -> Bool {
    let sockets = try Sockets(camera: setup.settings.cameraName)
    return try count(
      "\(name), sockets", buffers, setup, sockets.sink, beforeFrame: sockets.sink.poll,
      afterWarmUp: sockets.listener.start)
  }

  /// The daemon's threads: driver's buffers, capture loop, mailbox, perception loop, sockets.
  private func countDaemon(_ name: String, _ buffers: CameraBuffers, _ setup: PathSetup) throws -> Bool {
    let origins = try DaemonRun(buffers: buffers, setup: setup).count(frames: frames)
    return AllocationCheck.report("\(name), the daemon's threads", frames: frames, origins)
  }

  private func count(
    _ title: String, _ buffers: CameraBuffers, _ setup: PathSetup, _ sink: any FrameSink,
    beforeFrame: () -> Void, afterWarmUp: () -> Void
  ) throws -> Bool {
    let path = try FrameRunner(buffers, setup, threads: 2, hasRangePoints: true)
    for _ in 0..<Self.warmUp {
      beforeFrame()
      try path.runFrame(to: sink)
    }
    afterWarmUp()
    // The pool of messages grows with the longest queues it has seen, so steady state may come late. What
    // allocates for every frame is in every round.
    var origins: [AllocationCheck.Origin] = []
    for _ in 0..<Self.rounds {
      origins = try countRound(path, sink, beforeFrame: beforeFrame)
      if AllocationCheck.ours(origins) == 0 { break }
    }
    return AllocationCheck.report(title, frames: frames, origins)
  }

  private func countRound(
    _ path: FrameRunner, _ sink: any FrameSink, beforeFrame: () -> Void
  ) throws -> [AllocationCheck.Origin] {
    var planted: [[Int]] = []
    var failure: (any Error)?
    let origins = AllocationCheck.count(isOnPath: { $0 != "listener" && !$0.hasPrefix("ZMQ") }) {
      do {
        for frame in 0..<frames {
          beforeFrame()
          try path.runFrame(to: sink)
          if plant { planted.append([frame]) }
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    return origins
  }
}

/// Wants every topic and keeps nothing.
private final class NullSink: FrameSink {
  func wants(_ kind: TopicKind) -> Bool { true }

  func send(
    _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {}
}
