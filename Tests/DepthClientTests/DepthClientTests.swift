import DepthClient
import Foundation
import ImageBuffers
import Messaging
import Platform
import Quantities
import TestSupport
import Testing
import WireFormat

@Suite(.serialized) struct DepthClientTests {
  @Test(arguments: [FrameSubscription.Delivery.latest, .everything(queue: 100)])
  func `frames arrive once each, in order, young and readable`(delivery: FrameSubscription.Delivery) throws {
    let folder = try TemporaryFolder()
    let client = try DepthClient(folder.endpoints)
    // Subscribing before the daemon exists is no error.
    let depth = try client.subscribe(camera: "front", .depth, delivery: delivery)
    #expect(depth.isStale(after: 10))
    let daemon = StubDaemon(folder.endpoints)
    var last: UInt64 = 0
    for _ in 0..<20 {
      let frame = try #require(depth.next(milliseconds: 3000))
      #expect(frame.header.sequence > last)
      last = frame.header.sequence
      let age = try #require(depth.ageSeconds(of: frame))
      #expect(age >= 0 && age < 0.5)
      let plane = try frame.makeDepthPlane()
      #expect(plane.width == 4 && plane.height == 2)
      #expect(plane.baseAddress[plane.rowStride + 3] == Float(frame.header.sequence))
    }
    #expect(!depth.isStale(after: 1))
    #expect(depth.statistics.received >= 20)
    withExtendedLifetime(daemon) {}
  }

  @Test func `gaps are counted and damaged messages dropped`() throws {
    let folder = try TemporaryFolder()
    let client = try DepthClient(folder.endpoints)
    let depth = try client.subscribe(camera: "front", .depth, delivery: .everything(queue: 1000))
    let daemon = StubDaemon(
      folder.endpoints, rateHz: 100, skipping: [100, 101, 110], damaging: [120])
    var frames: [UInt64] = []
    while frames.last ?? 0 < 140, let frame = depth.next(milliseconds: 3000) {
      frames.append(frame.header.sequence)
    }
    #expect(frames.allSatisfy { ![100, 101, 110, 120].contains($0) })
    let statistics = depth.statistics
    #expect(statistics.lost >= 4)
    #expect(statistics.malformed == 1)
    #expect(
      statistics.lastError == .wire(.payloadSize(topic: "front/depth/", expected: 32, found: 31)))
    withExtendedLifetime(daemon) {}
  }

  @Test func `a daemon that goes away makes the topic stale, and its successor is found`() throws {
    let folder = try TemporaryFolder()
    let client = try DepthClient(folder.endpoints)
    let depth = try client.subscribe(camera: "front", .depth)
    var daemon: StubDaemon? = StubDaemon(folder.endpoints)
    #expect(eventually { client.liveness(of: depth).isGood && depth.statistics.received > 20 })
    daemon = nil
    #expect(eventually { !client.liveness(of: depth).isAlive })
    #expect(depth.isStale(after: 0.3))
    daemon = StubDaemon(folder.endpoints)
    #expect(eventually { client.liveness(of: depth).isAlive })
    #expect(depth.statistics.restarts == 1)
    withExtendedLifetime(daemon) {}
  }

  @Test func `a camera that is down is not valid`() throws {
    let folder = try TemporaryFolder()
    let client = try DepthClient(folder.endpoints)
    let depth = try client.subscribe(camera: "front", .depth)
    let daemon = StubDaemon(folder.endpoints, verdict: .down)
    #expect(eventually { client.status.health(ofCamera: "front") != nil && depth.newest != nil })
    #expect(client.liveness(of: depth).isAlive)
    #expect(!client.liveness(of: depth).isValid)
    #expect(client.status.info?.cameras.first?.rateHz == 50)
    withExtendedLifetime(daemon) {}
  }

  @Test func `frames can be awaited`() async throws {
    let folder = try TemporaryFolder()
    let client = try DepthClient(folder.endpoints)
    let depth = try client.subscribe(camera: "front", .depth)
    let daemon = StubDaemon(folder.endpoints)
    var count = 0
    for await frame in depth.frames {
      #expect(frame.header.scale?.state == .locked)
      count += 1
      if count == 5 { break }
    }
    #expect(count == 5)
    withExtendedLifetime(daemon) {}
  }

  @Test func `age needs a common clock`() throws {
    let folder = try TemporaryFolder()
    let client = try DepthClient(folder.endpoints)
    let depth = try client.subscribe(camera: "front", .depth)
    let daemon = StubDaemon(folder.endpoints)
    let frame = try #require(depth.next(milliseconds: 3000))
    let later = frame.header.captureTime + 2_000_000_000
    let wall = WallTime(nanoseconds: (frame.header.stamp?.nanoseconds ?? 0) + 5_000_000_000)
    #expect(frame.ageSeconds(now: later, wallNow: wall, bootID: frame.header.bootID) == 2)
    #expect(frame.ageSeconds(now: later, wallNow: wall, bootID: "another machine") == 5)
    withExtendedLifetime(daemon) {}
  }

  @Test(arguments: [
    (0.1, 30.0, 30.0, 1.0, false, true, true, true), (0.1, 26, 30, 1, false, true, false, true),
    (0.6, 30, 30, 1, false, false, true, true), (0.1, 30, 30, 4, false, true, true, false),
    (0.1, 30, 30, 1, true, true, true, false), (4, 1, 1, 1, false, true, true, true),
  ])
  func `liveness follows its three rules`(
    sinceFrame: Double, rate: Double, nominal: Double, sinceHealth: Double, isDown: Bool, alive: Bool,
    rateOK: Bool, valid: Bool
  ) {
    let liveness = Liveness(
      sinceFrame: sinceFrame, rateHz: rate, nominalRateHz: nominal, sinceHealth: sinceHealth, isDown: isDown)
    #expect(liveness.isAlive == alive)
    #expect(liveness.isRateOK == rateOK)
    #expect(liveness.isValid == valid)
    #expect(
      !Liveness(sinceFrame: nil, rateHz: nil, nominalRateHz: nil, sinceHealth: nil, isDown: false).isGood)
  }
}
