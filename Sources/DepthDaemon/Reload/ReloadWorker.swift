import Calibration
import Configuration
import Logging
import ModelBundle
import Platform
import PriorFusion
import Quantities
import WireFormat

/// The reload thread's own state: carries out one job after the other.
///
///     read -> compare -> load what is new -> build and warm beside -> compare on live frames -> swap -> remember
final class ReloadWorker {
  private(set) var running: RunningConfiguration
  let channels: ReloadChannels
  let stop: StopFlag
  /// Numbers the sources that are tried; the first one is 0.
  private var sourceAttempts: UInt64 = 0

  init(running: RunningConfiguration, channels: ReloadChannels, stop: StopFlag) {
    self.running = running
    self.channels = channels
    self.stop = stop
  }

  func carryOut(_ wish: ReloadWish) -> ReloadResult {
    let job = wish.job
    var answer = ReloadAnswer(
      verdict: .refused, trigger: job.trigger.rawValue, generation: running.generation)
    do throws(ReloadRefusal) {
      var next = try load(job)
      answer.warnings = next.loaded.warnings
      let changes = try difference(to: next)
      answer.changes = changes.map(ReloadAnswer.Change.init)
      guard !changes.isEmpty else {
        answer.verdict = .unchanged
        return finish(next, answer, job, hasChanged: running.fallback != nil)
      }
      next.model = try model(for: next, changes)
      try prepareAndSwap(next, changes, wish, &answer)
      guard answer.verdict == .applied else { return ReloadResult(answer: answer) }
      return finish(next, answer, job, hasChanged: true)
    } catch {
      answer.verdict = .refused
      answer.reasons = error.reasons
      return ReloadResult(answer: answer)
    }
  }

  /// Stores the text of what runs, for the day when the file is broken.
  func keepLastGood(_ logger: Logger) {
    guard running.fallback == nil else { return }
    for warning in remember(running) { logger.warning("\(warning)") }
  }

  // MARK: the steps

  private func load(_ job: ReloadJob) throws(ReloadRefusal) -> RunningConfiguration {
    let path = running.loaded.path
    let environment = running.loaded.environment
    do throws(ConfigurationFailure) {
      let text = try LoadedConfiguration.readText(path)
      var overrides = running.loaded.overrides
      if let edit = job.edit {
        let configured = try LoadedConfiguration.parse(text, path).text(ofKey: edit.key) ?? ""
        guard overrides.apply(edit, configured: configured) else {
          throw ConfigurationFailure(problems: ["\(edit.key): there is nothing to roll back to"])
        }
      }
      let loaded = try LoadedConfiguration(
        text: text, path: path, environment: environment, overrides: overrides)
      return RunningConfiguration(
        loaded: loaded, settings: try loaded.checkedSettings(generation: running.generation + 1),
        model: running.model)
    } catch { throw ReloadRefusal(error.problems) }
  }

  /// Keys and contents: a model or a bank that was replaced under its old name is a change too.
  private func difference(to next: RunningConfiguration) throws(ReloadRefusal) -> [ConfigurationChange] {
    var changes = next.loaded.difference(from: running.loaded)
    do throws(ModelBundleError) {
      changes += [try modelDifference(to: next), try bankDifference(to: next)].compactMap { $0 }
    } catch { throw ReloadRefusal(error) }
    return changes
  }

  private func modelDifference(
    to next: RunningConfiguration
  ) throws(ModelBundleError) -> ConfigurationChange? {
    guard next.settings.modelPath == running.settings.modelPath else { return nil }
    let hash = try DepthModel.hash(path: next.settings.modelPath)
    // Written over with the same bytes it is no other model, but this one cannot be planned again.
    guard hash != running.model.hash || !running.model.isIntact else { return nil }
    let note = hash == running.model.hash ? ", written anew" : ""
    return ConfigurationChange(
      key: "model.path", old: "sha256 \(running.model.hash.prefix(16))",
      new: "sha256 \(hash.prefix(16))\(note)", reload: .rebuild)
  }

  /// A bundle's own bank is part of the bundle's hash. One that could not be used is tried again.
  private func bankDifference(
    to next: RunningConfiguration
  ) throws(ModelBundleError) -> ConfigurationChange? {
    guard next.settings.priors == running.settings.priors else { return nil }
    var found: String?
    if case .file(let path) = next.settings.priors { found = try PriorBankFile.id(path: path) }
    let old = running.model.priors?.id
    guard running.priorsFailure != nil || found != nil && found != old else { return nil }
    return ConfigurationChange(
      key: "priors.bank", old: old.map { "bank \($0)" } ?? "none: it could not be used",
      new: found.map { "bank \($0)" } ?? "the model's own", reload: .rebuild)
  }

  /// The model with its bank. What is broken is refused here: the old ones go on.
  private func model(
    for next: RunningConfiguration, _ changes: [ConfigurationChange]
  ) throws(ReloadRefusal) -> DepthModel {
    let keys = Set(changes.map(\.key))
    do throws(ModelBundleError) {
      if keys.contains("model.path") {
        return try DepthModel.load(path: next.settings.modelPath, priors: next.settings.priors)
      }
      var model = running.model
      if keys.contains("priors.bank") { model.priors = try model.loadPriors(next.settings.priors) }
      return model
    } catch { throw ReloadRefusal(error) }
  }

  /// Everything is tried, so that no restart is advised into a configuration that would not run.
  private func prepareAndSwap(
    _ next: RunningConfiguration, _ changes: [ConfigurationChange], _ wish: ReloadWish,
    _ answer: inout ReloadAnswer
  ) throws(ReloadRefusal) {
    let job = wish.job
    let plan = ReloadPlan(changes, source: next.loaded.configuration.camera.source)
    let preparation = ReloadPreparation(running: running, next: next, plan: plan, channels: channels)
    let facts = try preparation.inspectSource()
    let prepared = try preparation.buildPipeline(for: facts)
    guard plan.restartKeys.isEmpty else {
      answer.verdict = .restartNeeded
      answer.reasons = plan.restartKeys.map(Self.restartAdvice)
      return
    }
    if let prepared, next.model.differs(from: running.model), !job.skipsComparison {
      let stop = stop
      answer.comparison = try preparation.compare(
        prepared.pipeline, &answer.warnings, isAbandoned: { stop.isRaised || wish.isAbandoned })
    }
    answer.verdict = .applicable
    if job.isDryRun { return }
    guard wish.commit() else {
      throw ReloadRefusal(["whoever asked for this was told that it took too long; nothing was changed"])
    }
    sourceAttempts += 1
    let change = preparation.change(to: prepared, attempt: sourceAttempts)
    try ReloadSwap(channels: channels, stop: stop).carryOut(change.perception, change.source)
    answer.verdict = .applied
  }

  private func finish(
    _ next: RunningConfiguration, _ answer: ReloadAnswer, _ job: ReloadJob, hasChanged: Bool
  ) -> ReloadResult {
    var answer = answer
    // What a command asked for and was there already is not remembered as its choice.
    guard !job.isDryRun, hasChanged || job.edit == nil && next.loaded.text != running.loaded.text else {
      return ReloadResult(answer: answer)
    }
    var next = next
    if answer.verdict == .unchanged { next.settings = running.settings }
    running = next
    answer.generation = running.generation
    answer.warnings += remember(running)
    return ReloadResult(answer: answer, running: running)
  }

  /// Stores what runs; returns what went wrong with that.
  private func remember(_ running: RunningConfiguration) -> [String] {
    let folder = running.settings.stateDirectory
    do throws(SystemErrno) {
      try LastGoodConfiguration.save(running.loaded.text, of: running.loaded.path, stateDirectory: folder)
      try running.loaded.overrides.save(stateDirectory: folder)
      return []
    } catch {
      return ["state.directory: \(folder) cannot be written (\(error)); a restart will not know of this"]
    }
  }

  private static func restartAdvice(_ key: String) -> String {
    "\(key) takes effect with a restart only (systemctl restart depthd), which would apply all of this; "
      + "or put its old value back and reload"
  }
}

extension LoadedConfiguration {
  fileprivate func checkedSettings(generation: UInt64) throws(ConfigurationFailure) -> DaemonSettings {
    do { return try settings(generation: generation) } catch {
      throw ConfigurationFailure(problems: [error.description])
    }
  }
}

extension ReloadAnswer.Change {
  init(_ change: ConfigurationChange) {
    self.init(key: change.key, old: change.old, new: change.new, reload: change.reload.rawValue)
  }
}
