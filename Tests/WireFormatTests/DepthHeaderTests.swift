import Foundation
import Geometry
import Quantities
import Testing
import WireFormat

@Suite struct DepthHeaderTests {
  @Test func `a header with every field is read back unchanged`() throws {
    let header = try fullHeader()
    #expect(try JSONDecoder().decode(DepthHeader.self, from: jsonBytes(header)) == header)
  }

  @Test(arguments: TopicKind.allCases.filter { $0.channel == .frames })
  func `each frame topic's header is read back unchanged`(kind: TopicKind) throws {
    let header = try fullHeader(kind: kind)
    #expect(try JSONDecoder().decode(DepthHeader.self, from: jsonBytes(header)) == header)
  }

  @Test func `the share of holes is read back, and left out where nobody looked`() throws {
    var header = try fullHeader()
    #expect(!jsonText(header).contains("holes"))
    header.holeShare = 0.0625
    header.degraded.insert(.holes)
    #expect(jsonText(header).contains("\"holes\":0.0625"))
    #expect(try JSONDecoder().decode(DepthHeader.self, from: jsonBytes(header)) == header)
  }

  @Test func `the key order is fixed and the version comes first`() throws {
    let text = jsonText(try fullHeader())
    let keys = [
      "v", "type", "topic", "seq", "frame", "stamp", "mono", "boot_id", "clock", "source_time_s", "width",
      "height", "encoding", "unit", "step", "K", "range", "calib_id", "generation", "model", "valid_ratio",
      "clamped_px", "conf", "scale", "odom", "mode", "sparse_points", "timing", "drops", "degraded",
    ]
    #expect(text.hasPrefix("{\"v\":1,\"type\":\"depth\",\"topic\":\"front/depth/\",\"seq\":1234,"))
    var position = text.startIndex
    for key in keys {
      let found = try #require(text.range(of: "\"\(key)\":", range: position..<text.endIndex), "\(key)")
      position = found.upperBound
    }
  }

  @Test func `what is unknown is absent, never null`() throws {
    let text = jsonText(try minimalHeader())
    #expect(
      text == """
        {"v":1,"type":"unscaled","topic":"rear/unscaled/","seq":0,"frame":"rear_optical",\
        "mono":{"sec":0,"nsec":0},"width":2,"height":1,"encoding":"32FC1","unit":"network","step":8,\
        "degraded":[]}
        """)
  }

  @Test func `numbers that are not finite are left out`() throws {
    var header = try fullHeader()
    header.validRatio = .nan
    header.scale?.logSigma = .infinity
    header.range?.maximum = .infinity
    header.intrinsics?.fx = .nan
    let text = jsonText(header)
    for word in [":nan", ":inf", "null", "valid_ratio", "sigma", "range", "\"K\""] {
      #expect(!text.contains(word), "\(word)")
    }
    let object = try #require(
      try JSONSerialization.jsonObject(with: jsonBytes(header)) as? [String: Any])
    #expect(object["scale"] != nil)
  }

  @Test func `unknown fields, reasons and scale sources of a newer daemon are survived`() throws {
    let text = """
      {"v":1,"type":"depth","topic":"a/depth/","seq":1,"frame":"f","mono":{"sec":1,"nsec":2},"width":2,\
      "height":2,"encoding":"32FC1","novel":{"x":[1]},"degraded":["low_rate","invented"],\
      "scale":{"state":"superlocked","sources":["pose","radar"]}}
      """
    let header = try JSONDecoder().decode(DepthHeader.self, from: Data(text.utf8))
    #expect(header.degraded == [Degradations(.lowRate), Degradations(.other)])
    #expect(header.scale?.sources == [.pose, .other])
    #expect(header.scale?.state == .unscaled)
  }

  @Test(arguments: [
    headerText(version: 2), headerText(width: -2), headerText(nanoseconds: -2),
    headerText(seconds: "9223372036854775807"),
    headerText(topic: "info/"), headerText(encoding: "64FC9"),
    "{}", "[]", "",
  ])
  func `a header that would mislead is refused`(text: String) {
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(DepthHeader.self, from: Data(text.utf8))
    }
  }

  @Test func `text is escaped`() throws {
    var header = try minimalHeader()
    header.frameID = "a\"b\\c\nd\u{1}é"
    let decoded = try JSONDecoder().decode(DepthHeader.self, from: jsonBytes(header))
    #expect(decoded.frameID == header.frameID)
  }

  @Test func `a header stays below the 4 KiB that readers may rely on`() throws {
    var header = try fullHeader(kind: .points)
    for reason in Degradation.allCases { header.degraded.insert(reason) }
    #expect(jsonBytes(header).count < 4096)
  }
}

/// A header's text with some fields replaced.
private func headerText(
  version: Int = 1, topic: String = "a/depth/", seconds: String = "1", nanoseconds: Int = 2, width: Int = 2,
  encoding: String = "32FC1"
) -> String {
  """
  {"v":\(version),"topic":"\(topic)","seq":1,"frame":"f","mono":{"sec":\(seconds),"nsec":\(nanoseconds)},\
  "width":\(width),"height":2,"encoding":"\(encoding)"}
  """
}
