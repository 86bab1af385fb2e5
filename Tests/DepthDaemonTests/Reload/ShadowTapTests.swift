import DepthDaemon
import DepthPipeline
import ImageBuffers
import Platform
import Quantities
import Testing
import WireFormat

/// Copies of live frames for the comparison of models.
@Suite struct ShadowTapTests {
  private static let size = ImageSize(width: 128, height: 64)
  private static let patience: Int64 = 60_000_000_000

  /// Wants nothing.
  private final class Nobody: FrameSink {
    func wants(_ kind: TopicKind) -> Bool { false }
    func send(
      _ topic: Topic, sequence: UInt64, captureTime: MonotonicTime, header: UnsafeRawBufferPointer,
      payload: UnsafeRawBufferPointer
    ) {}
  }

  /// The perception thread: offers frames of the given sizes, each of its own brightness, until it is told to stop.
  private final class Perception {
    private let stop = StopFlag()
    private let thread: WorkerThread

    init(_ tap: ShadowTap, size: ImageSize) {
      let stop = stop
      thread = WorkerThread(name: "perception") {
        guard let model = try? SmallNetwork.model(),
          let pipeline = try? DepthPipeline(
            settings: PipelineSettings(), model: model, calibration: nil, capturedSize: size,
            carriesTruth: false,
            executor: WorkerTeam(width: 1))
        else { return }
        var frame = CameraFrame(size: size, carriesTruth: false)
        while !stop.isRaised {
          frame.metadata.sequence += 1
          guard let report = try? pipeline.process(frame, context: FrameContext(), sink: Nobody()) else {
            return
          }
          tap.offer(frame, of: pipeline, report)
        }
      }
    }

    deinit {
      stop.raise()
      thread.join()
    }
  }

  private func emptySample() -> ShadowSample {
    ShadowSample(capturedSize: Self.size, gridSize: ImageSize(width: 64, height: 32))
  }

  @Test func `one sample goes to and fro and holds the newest frame`() {
    let tap = ShadowTap()
    let perception = Perception(tap, size: Self.size)
    var sample = Optional(emptySample())
    var last: UInt64 = 0
    for _ in 0..<4 {
      guard let empty = sample.take(), let filled = tap.fill(empty, patienceNanoseconds: Self.patience) else {
        break
      }
      let sequence = filled.frame.metadata.sequence
      let isFit = filled.misfit == nil
      #expect(sequence > last && isFit)
      last = sequence
      sample = consume filled
    }
    #expect(last >= 4)
    _ = perception
  }

  @Test func `a frame of another size is told and not copied`() {
    let tap = ShadowTap()
    let perception = Perception(tap, size: ImageSize(width: 192, height: 96))
    guard let filled = tap.fill(emptySample(), patienceNanoseconds: Self.patience) else {
      Issue.record("no frame came")
      return
    }
    let misfit = filled.misfit
    let isUntouched = filled.depth.allSatisfy(\.isNaN)
    #expect(misfit == ImageSize(width: 192, height: 96) && isUntouched)
    _ = perception
  }

  @Test func `without frames the wait ends, and what comes later is not taken for a new sample`() {
    let tap = ShadowTap()
    let none = tap.fill(emptySample(), patienceNanoseconds: 10_000_000) == nil
    #expect(none)
    let perception = Perception(tap, size: Self.size)
    let comes = tap.fill(emptySample(), patienceNanoseconds: Self.patience) != nil
    #expect(comes)
    _ = perception
  }
}
