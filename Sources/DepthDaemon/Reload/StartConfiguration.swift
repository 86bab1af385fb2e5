public import Configuration
import ModelBundle
import Quantities

/// What the daemon starts with: the configuration file; if that or something it names is broken, the one that ran
/// last, loudly.
public struct StartConfiguration: Sendable {
  let running: RunningConfiguration

  public var logLevel: Configuration.Log.Level { running.loaded.configuration.log.level }

  /// Tries the file with what commands put in the place of its values, the file alone, and the last good configuration.
  ///
  /// - Throws: what is wrong with the file, when nothing else can run either.
  public init(path: String, environment: [String: String]) throws(ConfigurationFailure) {
    let failure: ConfigurationFailure
    do {
      running = try Self.file(path, environment)
      return
    } catch { failure = error }
    let text = try? TextFile.read(path)
    for folder in Self.stateFolders(path, text, environment) {
      guard let lastGood = LastGoodConfiguration.load(of: path, stateDirectory: folder), lastGood != text
      else { continue }
      let stored = ConfigurationOverrides.load(stateDirectory: folder)
      guard var running = try? Self.load(lastGood, path, environment, stored.overrides) else { continue }
      running.fallback =
        "the configuration that ran last is used, since \(path) is broken: "
        + (failure.problems + [stored.damage].compactMap { $0 }).joined(separator: "; ")
      self.running = running
      return
    }
    throw failure
  }

  private static func file(
    _ path: String, _ environment: [String: String]
  ) throws(ConfigurationFailure) -> RunningConfiguration {
    let text = try LoadedConfiguration.readText(path)
    var plain = try load(text, path, environment, ConfigurationOverrides())
    let stored = ConfigurationOverrides.load(stateDirectory: plain.settings.stateDirectory)
    plain.fallback = stored.damage.map { "the configuration file is used as it stands: \($0)" }
    guard stored.overrides != ConfigurationOverrides() else { return plain }
    do { return try load(text, path, environment, stored.overrides) } catch {
      var running = plain
      running.fallback =
        "the configuration file is used as it stands, since what commands put in its place is broken: "
        + error.problems.joined(separator: "; ")
      return running
    }
  }

  private static func load(
    _ text: String, _ path: String, _ environment: [String: String], _ overrides: ConfigurationOverrides
  ) throws(ConfigurationFailure) -> RunningConfiguration {
    let loaded = try LoadedConfiguration(
      text: text, path: path, environment: environment, overrides: overrides)
    do {
      return RunningConfiguration(
        loaded: loaded, settings: try loaded.settings, model: try DepthModel.load(path: loaded.modelPath))
    } catch let error as any ReportableError {
      throw ConfigurationFailure(problems: [error.description])
    } catch { throw ConfigurationFailure(problems: ["\(error)"]) }
  }

  /// Where a last good configuration may lie: the folder that the broken file names, and the usual one.
  private static func stateFolders(
    _ path: String, _ text: String?, _ environment: [String: String]
  ) -> [String] {
    let named = text.flatMap(LastGoodConfiguration.salvageStateDirectory)
      .map { Configuration.resolve($0, besides: path) }
    let usual = DirectorySetting.automatic.stateDirectory(environment: environment)
    return [named, usual].compactMap { $0 }
  }
}
