/// One key whose value differs between two configurations.
public struct ConfigurationChange: Hashable, Sendable, CustomStringConvertible {
  public let key: String
  /// As TOML; nil = absent.
  public let old: String?
  public let new: String?
  public let reload: ReloadClass

  public init(key: String, old: String?, new: String?, reload: ReloadClass) {
    self.key = key
    self.old = old
    self.new = new
    self.reload = reload
  }

  public var description: String {
    "\(key): \(old ?? "absent") -> \(new ?? "absent") (\(reload.rawValue))"
  }
}

extension Configuration {
  /// What changed since `old`, in the order of the reference; empty if nothing did.
  public func difference(from old: Configuration) -> [ConfigurationChange] {
    ConfigurationKey.all.compactMap { key in
      let before = key.text(old)
      let after = key.text(self)
      guard before != after else { return nil }
      return ConfigurationChange(key: key.path, old: before, new: after, reload: key.reload)
    }
  }

  /// The value of a key as TOML; nil if it is absent, or if there is no such key.
  public func text(ofKey path: String) -> String? {
    ConfigurationKey.all.first { $0.path == path }.flatMap { $0.text(self) }
  }

  /// Sets a key whose value is text.
  ///
  /// - Returns: false when there is no such key or it does not take the text; nothing is changed then.
  @discardableResult
  public mutating func setText(_ value: String, ofKey path: String) -> Bool {
    guard let key = ConfigurationKey.all.first(where: { $0.path == path }) else { return false }
    return key.assign(.text(value), &self) == nil
  }

  /// A path of this configuration as the process sees it: relative ones start at the file's folder.
  public static func resolve(_ path: String, besides configurationFile: String) -> String {
    guard !path.hasPrefix("/"), let slash = configurationFile.lastIndex(of: "/") else { return path }
    return String(configurationFile[...slash]) + path
  }
}
