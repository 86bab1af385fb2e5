public import Configuration
import ModelBundle
import Quantities

/// What the daemon starts with: the configuration file; if that or something it names is broken, the one that ran
/// last, loudly.
public struct StartConfiguration: Sendable {
  package let running: RunningConfiguration

  public var logLevel: Configuration.Log.Level { running.loaded.configuration.log.level }

  /// Tries the file with what commands put in the place of its values, the file alone, and the same of the last good
  /// configuration. What is not tried need not be there: a model that was exchanged may be removed.
  ///
  /// - Throws: what is wrong with the file, when nothing else can run either.
  public init(path: String, environment: [String: String]) throws(ConfigurationFailure) {
    // Read once: what is written meanwhile is for the next reload.
    let file = Result { () throws(ConfigurationFailure) in try LoadedConfiguration.readText(path) }
    let text = try? file.get()
    let folders = Self.stateFolders(path, text, environment)
    let failure: ConfigurationFailure
    do {
      running = try Self.load(try file.get(), path, environment, in: folders.first)
      return
    } catch { failure = error }
    for folder in folders {
      guard let lastGood = LastGoodConfiguration.load(of: path, stateDirectory: folder), lastGood != text,
        var running = try? Self.load(lastGood, path, environment, in: folder)
      else { continue }
      let reasons = failure.problems + [running.fallback].compactMap { $0 }
      running.fallback =
        "the configuration that ran last is used, since \(path) is broken: " + reasons.joined(separator: "; ")
      self.running = running
      return
    }
    throw failure
  }

  /// A text with what commands put in the place of its values; without that, and loudly, if it is broken.
  private static func load(
    _ text: String, _ path: String, _ environment: [String: String], in folder: String?
  ) throws(ConfigurationFailure) -> RunningConfiguration {
    let stored = folder.map(ConfigurationOverrides.load)
    let overrides = stored?.overrides ?? ConfigurationOverrides()
    let failure: ConfigurationFailure
    do {
      var running = try load(text, path, environment, overrides)
      running.fallback = stored?.damage.map { "the configuration file is used as it stands: \($0)" }
      return running
    } catch { failure = error }
    guard overrides != ConfigurationOverrides() else { throw failure }
    do {
      var running = try load(text, path, environment, ConfigurationOverrides())
      running.fallback =
        "the configuration file is used as it stands, since what commands put in its place is broken: "
        + failure.problems.joined(separator: "; ")
      return running
    } catch {
      throw ConfigurationFailure(
        problems: error.problems + failure.problems.filter { !error.problems.contains($0) })
    }
  }

  private static func load(
    _ text: String, _ path: String, _ environment: [String: String], _ overrides: ConfigurationOverrides
  ) throws(ConfigurationFailure) -> RunningConfiguration {
    let loaded = try LoadedConfiguration(
      text: text, path: path, environment: environment, overrides: overrides)
    do {
      var running = RunningConfiguration(
        loaded: loaded, settings: try loaded.settings,
        model: try DepthModel.load(path: loaded.modelPath, priors: .off))
      running.takePriors()
      return running
    } catch let error as any ReportableError {
      throw ConfigurationFailure(problems: [error.description])
    } catch { throw ConfigurationFailure(problems: ["\(error)"]) }
  }

  /// Where a text says that learned state lies; of a broken one, where it may lie: what it seems to name, and the
  /// usual place.
  private static func stateFolders(
    _ path: String, _ text: String?, _ environment: [String: String]
  ) -> [String] {
    if let text, let configuration = try? LoadedConfiguration.parse(text, path) {
      let folder = configuration.state.directory.stateDirectory(environment: environment)
      return [folder.map { Configuration.resolve($0, besides: path) }].compactMap { $0 }
    }
    let named = text.flatMap(LastGoodConfiguration.salvageStateDirectory)
      .map { Configuration.resolve($0, besides: path) }
    let usual = DirectorySetting.automatic.stateDirectory(environment: environment)
    return [named, usual].compactMap { $0 }
  }
}
