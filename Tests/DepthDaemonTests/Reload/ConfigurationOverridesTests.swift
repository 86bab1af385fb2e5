import Configuration
import DepthDaemon
import Foundation
import TestSupport
import Testing

@Suite struct ConfigurationOverridesTests {
  private let key = "model.path"
  private let configured = "\"models/lite\""

  private func modelPath(_ overrides: ConfigurationOverrides) -> String {
    var configuration = Configuration()
    _ = overrides.put(into: &configuration)
    return configuration.model.path
  }

  private func apply(
    _ edit: ConfigurationOverrides.Edit, _ configured: String, _ overrides: inout ConfigurationOverrides,
    is expected: Bool
  ) {
    let isDone = overrides.apply(edit, configured: configured)
    #expect(isDone == expected)
  }

  @Test func `a value holds, is rolled back and comes again`() {
    var overrides = ConfigurationOverrides()
    #expect(modelPath(overrides) == "models/lite")
    apply(.set(key: key, value: "/new"), configured, &overrides, is: true)
    #expect(modelPath(overrides) == "/new")
    apply(.rollback(key: key), configured, &overrides, is: true)
    #expect(modelPath(overrides) == "models/lite")
    apply(.rollback(key: key), configured, &overrides, is: true)
    #expect(modelPath(overrides) == "/new")
  }

  @Test func `the same value twice does not hide what was before`() {
    var overrides = ConfigurationOverrides()
    for _ in 0..<2 { apply(.set(key: key, value: "/new"), configured, &overrides, is: true) }
    apply(.rollback(key: key), configured, &overrides, is: true)
    #expect(modelPath(overrides) == "models/lite")
  }

  @Test func `there is nothing to roll back to at first`() {
    var overrides = ConfigurationOverrides()
    apply(.rollback(key: key), configured, &overrides, is: false)
  }

  @Test func `a file that says something new has the last word`() {
    var overrides = ConfigurationOverrides()
    apply(.set(key: key, value: "/new"), configured, &overrides, is: true)
    var configuration = Configuration()
    configuration.model.path = "models/other"
    let stale = overrides.put(into: &configuration)
    #expect(stale == [key])
    #expect(configuration.model.path == "models/other")
    apply(.rollback(key: key), "\"models/other\"", &overrides, is: false)
  }

  @Test func `they are stored and read back`() throws {
    let folder = try TemporaryFolder()
    var overrides = ConfigurationOverrides()
    apply(.set(key: key, value: "/ä \"new\""), configured, &overrides, is: true)
    try overrides.save(stateDirectory: folder.path)
    let stored = ConfigurationOverrides.load(stateDirectory: folder.path)
    #expect(stored.overrides == overrides && stored.damage == nil)
  }

  @Test func `no file is no damage`() throws {
    let stored = ConfigurationOverrides.load(stateDirectory: try TemporaryFolder().path)
    #expect(stored.overrides == ConfigurationOverrides() && stored.damage == nil)
  }

  @Test(arguments: [Data("{".utf8), Data("[1]".utf8), Data(), Data([0xFF, 0xFE])])
  func `a damaged file is set aside with the reason`(content: Data) throws {
    let folder = try TemporaryFolder()
    let file = URL(fileURLWithPath: folder.path + "/overrides.json")
    try content.write(to: file)
    let stored = ConfigurationOverrides.load(stateDirectory: folder.path)
    #expect(stored.overrides == ConfigurationOverrides())
    #expect(stored.damage?.contains(file.path + ".damaged") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: file.path + ".damaged")) == content)
    #expect(ConfigurationOverrides.load(stateDirectory: folder.path).damage == nil)
  }
}

@Suite struct LastGoodConfigurationTests {
  @Test(arguments: [
    ("[state]\ndirectory = \"/a b\"", "/a b"), ("[depth\n[state] # x\n  directory=\"s\"\n[log]", "s"),
    ("[publish]\ndirectory = \"/run\"", nil), ("[state]\ndirectory = \"\"", nil), ("", nil),
    ("[state]\ndirectory = 7", nil),
  ])
  func `the state folder is found in a broken file`(text: String, folder: String?) {
    #expect(LastGoodConfiguration.salvageStateDirectory(from: text) == folder)
  }

  @Test func `what ran last is kept for its own file alone`() throws {
    let folder = try TemporaryFolder()
    try LastGoodConfiguration.save("[log]\r\nlevel = \"ä\"", of: "/a/b.toml", stateDirectory: folder.path)
    let load = { LastGoodConfiguration.load(of: $0, stateDirectory: folder.path) }
    #expect(load("/a/b.toml") == "[log]\r\nlevel = \"ä\"")
    #expect(load("/a/../a/b.toml") == load("/a/b.toml"))
    #expect(load("/a/b.tom") == nil)
    #expect(load("/c/b.toml") == nil)
  }
}
