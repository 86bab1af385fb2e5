import Foundation
import Messaging
import Platform
import Quantities
import TestSupport
import Testing
import WireFormat

@Suite struct StatusAndControlTests {
  @Test func `a late subscriber gets info and every calibration`() throws {
    let folder = try TemporaryFolder()
    let context = try MessagingContext()
    let publisher = try StatusPublisher(context, directory: folder.endpoints)
    try publisher.send(InfoMessage(softwareVersion: "1", cameras: []))
    let subscriber = try SubscribeSocket(
      context, endpoint: folder.endpoints.status, topics: ["info/", "event/"], delivery: .inOrder(queue: 10))
    var text = ""
    #expect(
      try eventually {
        _ = try publisher.poll()
        guard let frame = subscriber.receive(milliseconds: 10)?.first else { return false }
        text = frame.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return true
      })
    #expect(text == "info/{\"v\":1,\"type\":\"info\",\"version\":\"1\",\"cameras\":[]}")
    // A newcomer to another topic is no reason to send info again.
    let other = try SubscribeSocket(
      context, endpoint: folder.endpoints.status, topics: ["health/"], delivery: .inOrder(queue: 10))
    #expect(try eventually { try publisher.poll().contains { $0.prefix == "health/" } })
    #expect(subscriber.receive(milliseconds: 100) == nil)
    withExtendedLifetime(other) {}
  }

  @Test func `a control socket that is not there is reported in time`() throws {
    let folder = try TemporaryFolder()
    let client = ControlClient(try MessagingContext(), endpoint: folder.endpoints.control)
    #expect(throws: MessagingError.noReply(endpoint: folder.endpoints.control, milliseconds: 100)) {
      try client.ask("{\"request\":\"status\"}", milliseconds: 100)
    }
  }

  @Test(arguments: [["odometry/{\"a\":1}"], ["odometry/", "{\"a\":1}"], ["{\"a\":1}"]])
  func `odometry arrives with or without a topic frame`(frames: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.endpoints.create()
    let context = try MessagingContext()
    let publisher = try PublishSocket(context, endpoints: [folder.endpoints.status], depth: .status)
    let subscriber = try OdometrySubscriber(context, endpoint: folder.endpoints.status)
    #expect(eventually { !publisher.poll().isEmpty })
    for (index, frame) in frames.enumerated() {
      try publisher.send(Array(frame.utf8), hasMore: index < frames.count - 1)
    }
    var text = ""
    #expect(subscriber.receive(milliseconds: 2000) { text = String(decoding: $0, as: UTF8.self) })
    #expect(text == "{\"a\":1}")
    #expect(!subscriber.receive(milliseconds: 50) { _ in })
  }

  @Test func `an odometry message beyond 64 KiB does not get in`() throws {
    let folder = try TemporaryFolder()
    try folder.endpoints.create()
    let context = try MessagingContext()
    let publisher = try PublishSocket(context, endpoints: [folder.endpoints.status], depth: .status)
    let subscriber = try OdometrySubscriber(context, endpoint: folder.endpoints.status)
    #expect(eventually { !publisher.poll().isEmpty })
    try publisher.send([UInt8](repeating: UInt8(ascii: "{"), count: 70_000))
    #expect(!subscriber.receive(milliseconds: 300) { _ in })
  }
}
