import Configuration
import Testing

@Suite struct ShippedConfigurationTests {
  @Test func `the shipped file is valid and shows the simulator first`() throws {
    let configuration = try Configuration(toml: try Repository.text("config.toml"), file: "config.toml")
    #expect(configuration.camera.source == .simulation(world: "street"))
    #expect(configuration.scale.constant == 1.0)
  }

  /// Above each key stand its meaning and its unit, range, default and reload class, word for word.
  @Test(arguments: ConfigurationKey.all.map(\.path))
  func `every key stands in the shipped file with what there is to know about it`(
    _ path: String
  ) throws {
    let key = try #require(ConfigurationKey.all.first { $0.path == path })
    let lines = try Repository.text("config.toml").split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    let components = key.path.split(separator: ".").map(String.init)
    let name = try #require(components.last)
    let table = components.dropLast().joined(separator: ".")
    var current = ""
    var found = false
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("[") { current = String(line.dropFirst().prefix { $0 != "]" }) }
      // What is absent unless set stands there as a comment.
      let mark = key.defaultText == nil && line.hasPrefix("# ") ? "# " : ""
      let isKey = current == table && line.hasPrefix("\(mark)\(name) =")
      let isTable = key.path == current && line == "[\(key.path)]"
      guard isKey || isTable else { continue }
      found = true
      #expect(index >= 2 && lines[index - 1] == "# \(key.summary)")
      #expect(lines[..<index].contains { $0.hasPrefix("# \(key.documentation)") })
    }
    #expect(found, "\(key.path) does not stand in config.toml")
  }

  @Test func `what differs from the defaults is only what the first run needs`() throws {
    let configuration = try Configuration(toml: try Repository.text("config.toml"), file: "config.toml")
    let changed = configuration.difference(from: Configuration()).map(\.key)
    #expect(changed == ["scale.constant"])
  }

  @Test func `the committed reference is the one the program prints`() throws {
    #expect(try Repository.text("docs/configuration.md") == ConfigurationReference.markdown)
  }
}
