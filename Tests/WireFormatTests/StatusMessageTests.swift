import Foundation
import Geometry
import Quantities
import Testing
import WireFormat

@Suite struct StatusMessageTests {
  private func readBack<Message: StatusMessage & Decodable>(_ message: Message) throws -> Message {
    let frame = statusFrame(message)
    let (topic, json) = try frame.withUnsafeBytes { try parseStatusFrame($0) }
    #expect(topic.kind == Message.kind)
    return try JSONDecoder().decode(Message.self, from: frame[json])
  }

  @Test func `info is read back`() throws {
    #expect(try readBack(exampleInfo) == exampleInfo)
  }

  @Test func `calibration is read back`() throws {
    #expect(try readBack(exampleCalibration) == exampleCalibration)
  }

  @Test func `health is read back`() throws {
    #expect(try readBack(exampleHealth) == exampleHealth)
  }

  @Test func `components and a mount are read back`() throws {
    var health = exampleHealth
    health.components = [
      .init(name: "camera", level: "ok", code: "camera_ok", text: "frames arrive"),
      .init(
        name: "disk", level: "warning", code: "disk_low", text: "90 MB \"free\"",
        remedy: "Delete old recordings."),
    ]
    #expect(try readBack(health) == health)
    var calibration = exampleCalibration
    calibration.mount = .init(heightMeters: 0.62, pitchDegrees: 8, rollDegrees: -0.5)
    #expect(try readBack(calibration) == calibration)
    calibration.mount?.yawDegrees = 1.5
    calibration.mount?.forwardMeters = 0.3
    calibration.mount?.leftMeters = -0.1
    #expect(try readBack(calibration) == calibration)
  }

  @Test func `an event is read back`() throws {
    #expect(try readBack(exampleEvent) == exampleEvent)
  }

  @Test func `odometry is read back`() throws {
    #expect(try readBack(exampleOdometry) == exampleOdometry)
  }

  @Test func `a status frame begins with its topic`() {
    let text = String(decoding: statusFrame(exampleEvent), as: UTF8.self)
    #expect(text.hasPrefix("event/{\"v\":1,\"type\":\"event\","))
  }

  @Test func `a calibration has the shape of a camera info`() throws {
    let text = String(decoding: statusFrame(exampleCalibration), as: UTF8.self)
    #expect(text.contains("\"P\":[415,0,319.5,0,0,415,239.5,0,0,0,1,0]"))
    #expect(text.contains("\"distortion_model\":\"plumb_bob\",\"D\":[-0.3,0.1,0.001,-0.002,0]"))
  }
}

let exampleInfo = InfoMessage(
  softwareVersion: "0.1.0", bootID: "8f3c4f0e-1111-2222-3333-444455556666", processID: 4711, generation: 12,
  model: .init(name: "rpr-lite-416x128", hash: "9f86d081884c7d65"),
  cameras: [
    .init(
      name: "front", source: "sim:street", size: ImageSize(width: 640, height: 480), rateHz: 30,
      topics: ["front/depth/", "front/unscaled/"])
  ])

let exampleCalibration = CalibrationMessage(
  camera: "front", frameID: "front_camera_optical", calibrationID: "c0ffee01",
  calibration: CameraCalibration(
    name: "front",
    intrinsics: CameraIntrinsics(
      fx: 420, fy: 421, cx: 320, cy: 240, size: ImageSize(width: 640, height: 480)),
    distortion: .plumbBob(k1: -0.3, k2: 0.1, p1: 0.001, p2: -0.002, k3: 0),
    rectifiedIntrinsics: CameraIntrinsics(
      fx: 415, fy: 415, cx: 319.5, cy: 239.5, size: ImageSize(width: 640, height: 480))))

let exampleHealth: HealthMessage = {
  var message = HealthMessage(camera: "front", verdict: .degraded)
  message.stamp = WallTime(nanoseconds: 1_790_000_000_123_456_789)
  message.time = MonotonicTime(nanoseconds: 86_400_000_000_042)
  message.bootID = "8f3c4f0e-1111-2222-3333-444455556666"
  message.reason = "scale held for 41 s: the robot stands still"
  message.degraded.insert(.scaleHeld)
  message.rateHz = 29.875
  message.nominalRateHz = 30
  message.latencyMedianMilliseconds = 43
  message.latencyP99Milliseconds = 61
  message.frames = 123_456
  message.drops = .init(camera: 3, pipeline: 5)
  message.scale = .init(value: 1.031, logSigma: 0.012, state: .held, sources: .pose, ageSeconds: 41)
  message.generation = 12
  message.uptimeSeconds = 273_600
  return message
}()

let exampleEvent = EventMessage(
  stamp: WallTime(nanoseconds: 1_790_000_000_123_456_789),
  time: MonotonicTime(nanoseconds: 86_400_000_000_042), level: .warning, code: "camera_lost",
  camera: "front", text: "camera \"front\" went away (ENODEV); looking for it again")

let exampleOdometry = OdometryMessage(
  sample: OdometrySample(
    time: MonotonicTime(nanoseconds: 86_400_000_000_042), speedMetersPerSecond: 1.25,
    yawRateRadiansPerSecond: -0.1),
  bootID: "8f3c4f0e-1111-2222-3333-444455556666")
