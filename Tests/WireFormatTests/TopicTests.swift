import Testing
import WireFormat

@Suite struct TopicTests {
  @Test(arguments: TopicKind.allCases)
  func `every topic's name is read back as the same topic`(kind: TopicKind) throws {
    let topic = kind.channel == .status ? try Topic(status: kind) : try Topic(camera: "front-2", kind)
    #expect(try Topic(parsing: topic.name) == topic)
    #expect(topic.name.hasSuffix("/"))
  }

  @Test(arguments: TopicKind.allCases.filter { $0.channel == .frames })
  func `the longest camera name leaves a NUL in the single-frame layout`(kind: TopicKind) throws {
    let camera = String(repeating: "c", count: Topic.longestCameraName)
    #expect(try Topic(camera: camera, kind).name.utf8.count < 32)
  }

  @Test(arguments: ["", "Front", "a/b", "caméra", "a b", String(repeating: "c", count: 20)])
  func `a camera name that would break topics is refused`(name: String) {
    #expect(throws: WireFormatError.badCameraName(name)) { try Topic(camera: name, .depth) }
  }

  @Test(arguments: ["", "/", "depth/", "front/depth", "front/info/", "front/depth/x/", "info", "front//"])
  func `text that is not a topic is refused`(text: String) {
    #expect(throws: WireFormatError.self) { try Topic(parsing: text) }
  }

  @Test func `no topic is a byte prefix of another`() throws {
    let names = try TopicKind.allCases.filter { $0.channel == .frames }.map {
      try Topic(camera: "a", $0).name
    }
    for first in names {
      for second in names where first != second { #expect(!second.hasPrefix(first)) }
    }
  }
}
