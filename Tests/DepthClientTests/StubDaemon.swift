import Glibc
import Messaging
import Platform
import Quantities
import WireFormat

/// The publishing half of a daemon: depth that counts up, at a set rate, from a thread of its own.
final class StubDaemon: Sendable {
  private let thread: WorkerThread
  private let stop = Counter()

  /// - Parameters:
  ///   - skipping: sequence numbers that are never sent.
  ///   - damaging: sequence numbers whose payload is one byte short.
  init(
    _ directory: EndpointDirectory, camera: String = "front", rateHz: Int = 50, skipping: Set<UInt64> = [],
    damaging: Set<UInt64> = [], verdict: HealthMessage.Verdict = .ok
  ) {
    let stop = stop
    thread = WorkerThread(name: "stub-daemon") {
      do {
        let context = try MessagingContext()
        let frames = try FramePublisher(context, directory: directory)
        let status = try StatusPublisher(context, directory: directory)
        try status.send(
          InfoMessage(
            softwareVersion: "stub",
            cameras: [.init(name: camera, source: "stub", rateHz: Double(rateHz), topics: [])]))
        let topic = try Topic(camera: camera, .depth)
        var header = DepthHeader(topic: topic, frameID: "stub", size: ImageSize(width: 4, height: 2))
        header.bootID = BootIdentity.read()
        header.scale = .init(value: 1, logSigma: 0.01, state: .locked, sources: .pose)
        var json = ByteWriter()
        var payload = ByteWriter()
        var health = HealthMessage(camera: camera, verdict: verdict)
        // Half of it: a loaded test machine must not look like a slow camera.
        health.nominalRateHz = Double(rateHz) / 2
        while stop.value == 0 {
          usleep(UInt32(1_000_000 / rateHz))
          _ = frames.poll()
          _ = try status.poll()
          header.sequence += 1
          header.captureTime = .now()
          header.stamp = .now()
          if header.sequence % 5 == 0 {
            health.time = .now()
            try status.send(health)
          }
          guard !skipping.contains(header.sequence) else { continue }
          json.clear()
          header.encode(into: &json)
          let floats = payload.resize(to: 32 - (damaging.contains(header.sequence) ? 1 : 0))
          for index in 0..<(floats.count / 4) {
            floats.storeBytes(of: Float(header.sequence), toByteOffset: index * 4, as: Float.self)
          }
          try frames.publish(
            topic, sequence: header.sequence, captureTime: header.captureTime, header: json,
            payload: payload)
        }
      } catch { print("stub daemon: \(error)") }
    }
  }

  deinit {
    stop.add()
    thread.join()
  }
}
