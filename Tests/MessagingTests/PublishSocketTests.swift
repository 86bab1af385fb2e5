import Foundation
import Messaging
import Quantities
import TestSupport
import Testing
import WireFormat

@Suite struct PublishSocketTests {
  @Test func `a second daemon on the same directory is refused and told who is there`() throws {
    let folder = try TemporaryFolder()
    let first = try FramePublisher(MessagingContext(), directory: folder.endpoints)
    do throws(MessagingError) {
      _ = try FramePublisher(MessagingContext(), directory: folder.endpoints)
      Issue.record("the endpoint was stolen")
    } catch {
      #expect(error == .endpointInUse(endpoint: folder.endpoints.stream, processID: getpid()))
      #expect(error.description.contains("in use by process \(getpid())"))
    }
    withExtendedLifetime(first) {}
  }

  @Test func `the first daemon still serves after a second was refused`() throws {
    let folder = try TemporaryFolder()
    let context = try MessagingContext()
    let publisher = try FramePublisher(context, directory: folder.endpoints)
    _ = try? FramePublisher(MessagingContext(), directory: folder.endpoints)
    let subscriber = try SubscribeSocket(
      context, endpoint: folder.endpoints.stream, topics: ["a/depth/"], delivery: .inOrder(queue: 10))
    let topic = try Topic(camera: "a", .depth)
    #expect(
      try eventually {
        _ = publisher.poll(); return publisher.wants(topic)
      })
    try publish(publisher, topic, sequence: 7)
    #expect(subscriber.receive(milliseconds: 2000)?.count == 3)
  }

  @Test func `a daemon can start again where one has ended, and where one was killed`() throws {
    let folder = try TemporaryFolder()
    for _ in 0..<3 {
      let context = try MessagingContext()
      _ = try FramePublisher(context, directory: folder.endpoints)
    }
    // What a killed process leaves behind: the files, but no lock.
    for name in ["stream.sock", "latest.sock", "stream.sock.lock"] {
      _ = FileManager.default.createFile(atPath: folder.path + "/" + name, contents: Data("4711".utf8))
    }
    _ = try FramePublisher(MessagingContext(), directory: folder.endpoints)
  }

  @Test func `a taken TCP port is refused`() throws {
    let context = try MessagingContext()
    let endpoint = "tcp://127.0.0.1:\(Int.random(in: 20_000...29_999))"
    let first = try PublishSocket(context, endpoints: [endpoint], depth: .frames)
    #expect(throws: MessagingError.endpointInUse(endpoint: endpoint, processID: nil)) {
      try PublishSocket(context, endpoints: [endpoint], depth: .frames)
    }
    withExtendedLifetime(first) {}
  }

  @Test(arguments: [
    "tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://192.168.1.5:5555", "tcp://127.evil.example:5555",
    "tcp://127.0.0.1.example:5555", "tcp://[::]:5555",
  ])
  func `an address that other machines reach needs leave`(endpoint: String) throws {
    let context = try MessagingContext()
    #expect(throws: MessagingError.insecureEndpoint(endpoint)) {
      try PublishSocket(context, endpoints: [endpoint], depth: .frames)
    }
  }

  @Test(arguments: [
    "ipc://relative", "tcp://127.0.0.1", "udp://x", "", "ipc:///" + String(repeating: "p", count: 107),
  ])
  func `an endpoint that cannot work is refused with a reason`(endpoint: String) throws {
    let context = try MessagingContext()
    #expect(throws: MessagingError.self) {
      try PublishSocket(context, endpoints: [endpoint], depth: .frames)
    }
  }

  @Test func `the directory is closed to others, and one that is open to all is refused`() throws {
    let folder = try TemporaryFolder()
    let nested = EndpointDirectory(path: folder.path + "/deeper/still")
    try nested.create()
    let mode = try FileManager.default.attributesOfItem(atPath: nested.path)[.posixPermissions] as? Int
    #expect((mode ?? 0) & 0o027 == 0)
    chmod(nested.path, 0o777)
    #expect(throws: MessagingError.self) { try nested.create() }
  }

  @Test(arguments: [true, false])
  func `subscribers are counted exactly, whatever becomes of them`(overTCP: Bool) throws {
    let folder = try TemporaryFolder()
    try folder.endpoints.create()
    let context = try MessagingContext()
    let endpoint =
      overTCP ? "tcp://127.0.0.1:\(Int.random(in: 30_000...39_999))" : folder.endpoints.stream
    let publisher = try PublishSocket(context, endpoints: [endpoint], depth: .frames)
    let depth = try Topic(camera: "front", .depth)
    let image = try Topic(camera: "front", .image)
    func expectCounts(_ depthCount: Int, _ imageCount: Int) -> Bool {
      eventually {
        _ = publisher.poll()
        return publisher.subscriberCount(of: depth) == depthCount
          && publisher.subscriberCount(of: image) == imageCount
      }
    }
    func subscribe(_ topics: [String]) throws -> SubscribeSocket {
      try SubscribeSocket(context, endpoint: endpoint, topics: topics, delivery: .inOrder(queue: 10))
    }
    var first: SubscribeSocket? = try subscribe(["front/depth/"])
    #expect(expectCounts(1, 0))
    var second: SubscribeSocket? = try subscribe(["front/depth/", "front/image/"])
    #expect(expectCounts(2, 1))
    var third: SubscribeSocket? = try subscribe([""])
    #expect(expectCounts(3, 2))
    first = nil
    #expect(expectCounts(2, 2))
    second = nil
    #expect(expectCounts(1, 1))
    third = nil
    #expect(expectCounts(0, 0))
    withExtendedLifetime((first, second, third)) {}
  }

  @Test func `killed subscribers are noticed`() throws {
    let folder = try TemporaryFolder()
    let context = try MessagingContext()
    let publisher = try FramePublisher(context, directory: folder.endpoints)
    let topic = try Topic(camera: "front", .depth)
    func expectCount(_ count: Int) -> Bool {
      eventually {
        _ = publisher.poll()
        return publisher.subscriberCount(of: topic) == count
      }
    }
    for _ in 0..<3 {
      var first = RawSubscriber(path: folder.path + "/stream.sock", topics: ["front/depth/"])
      var second = RawSubscriber(path: folder.path + "/stream.sock", topics: ["front/depth/", "x/"])
      #expect(first != nil && second != nil)
      #expect(expectCount(2))
      first = nil
      #expect(expectCount(1))
      second = nil
      #expect(expectCount(0))
      withExtendedLifetime((first, second)) {}
    }
  }

  @Test func `a slow subscriber loses frames and delays nobody`() throws {
    let folder = try TemporaryFolder()
    let context = try MessagingContext()
    let publisher = try FramePublisher(context, directory: folder.endpoints)
    let topic = try Topic(camera: "front", .depth)
    let slow = try SubscribeSocket(
      context, endpoint: folder.endpoints.stream, topics: ["front/"], delivery: .inOrder(queue: 2))
    let fast = try SubscribeSocket(
      context, endpoint: folder.endpoints.latest, topics: ["front/"], delivery: .newest)
    #expect(
      try eventually {
        _ = publisher.poll(); return publisher.subscriberCount(of: topic) == 2
      })
    let payload = [UInt8](repeating: 1, count: 500_000)
    let began = Date()
    for sequence in 0..<300 { try publish(publisher, topic, sequence: UInt64(sequence), payload: payload) }
    #expect(Date().timeIntervalSince(began) < 3)
    // Once the flood is over the fast one gets the very next frame; the slow one finds a handful and a gap.
    usleep(300_000)
    while fast.receive(milliseconds: 50) != nil {}
    try publish(publisher, topic, sequence: 300, payload: payload)
    let frame = try #require(fast.receive(milliseconds: 2000)?.first)
    #expect(try frame.withUnsafeBytes { try LatestFrame.parse($0) }.sequence == 300)
    var received = 0
    while slow.receive(milliseconds: 200) != nil { received += 1 }
    #expect(received > 0 && received < 250)
  }

  @Test func `a conflating subscriber of the single-frame endpoint gets the newest only`() throws {
    let folder = try TemporaryFolder()
    let context = try MessagingContext()
    let publisher = try FramePublisher(context, directory: folder.endpoints)
    let topic = try Topic(camera: "front", .unscaled)
    let subscriber = try SubscribeSocket(
      context, endpoint: folder.endpoints.latest, topics: [topic.name], delivery: .newest)
    #expect(
      try eventually {
        _ = publisher.poll(); return publisher.wants(topic)
      })
    for sequence in 1...50 {
      try publish(publisher, topic, sequence: UInt64(sequence))
      usleep(2000)
    }
    usleep(100_000)
    let frames = try #require(subscriber.receive(milliseconds: 1000))
    #expect(frames.count == 1)
    let parts = try frames[0].withUnsafeBytes { try LatestFrame.parse($0) }
    #expect(parts.sequence == 50)
    #expect(parts.topicName == topic.name)
    #expect(subscriber.receive(milliseconds: 100) == nil)
  }

  @Test func `what nobody subscribed to is not sent`() throws {
    let folder = try TemporaryFolder()
    let publisher = try FramePublisher(MessagingContext(), directory: folder.endpoints)
    let topic = try Topic(camera: "front", .depth)
    #expect(!publisher.wants(topic))
    #expect(try !publish(publisher, topic, sequence: 1))
  }

  @discardableResult
  private func publish(
    _ publisher: FramePublisher, _ topic: Topic, sequence: UInt64, payload: [UInt8] = [1, 2, 3, 4]
  ) throws -> Bool {
    var header = DepthHeader(topic: topic, frameID: "f", size: ImageSize(width: 1, height: 1))
    header.sequence = sequence
    var writer = ByteWriter()
    header.encode(into: &writer)
    return try payload.withUnsafeBytes {
      try publisher.publish(
        topic, sequence: sequence, captureTime: header.captureTime, header: writer.bytes, payload: $0)
    }
  }
}
