import Configuration
import ModelBundle
import PriorFusion
import WireFormat

extension ControlHandler where Context == ControlContext {
  /// `model.exchange`: a reload whose model is the one given.
  static var modelExchange: ControlHandler {
    ControlHandler(later: ModelExchangeRequest.self, patienceSeconds: 120) {
      (request, context, reply) throws(ControlFailure) in
      guard request.path.hasPrefix("/") else {
        throw ControlFailure(code: "bad_argument", text: "\"path\" must begin with \"/\".")
      }
      var job = ReloadJob(trigger: .modelExchange, edit: .set(key: "model.path", value: request.path))
      job.skipsComparison = request.force ?? false
      context.reload.request(job, reply)
    }
  }

  /// `model.rollback`: a reload with the model before. It is not compared: it may well differ from the one that is to
  /// go.
  static var modelRollback: ControlHandler {
    ControlHandler(later: ModelRollbackRequest.self, patienceSeconds: 120) { _, context, reply in
      var job = ReloadJob(trigger: .modelRollback, edit: .rollback(key: "model.path"))
      job.skipsComparison = true
      context.reload.request(job, reply)
    }
  }

  static var modelShow: ControlHandler {
    ControlHandler(ModelShowRequest.self) { (_, context) throws(ControlFailure) in
      let running = context.reporter.running
      let loaded = running.loaded
      let entry = loaded.overrides[key: "model.path"]
      let configured = Configuration.resolve(loaded.fileConfiguration.model.path, besides: loaded.path)
      return ModelShowRequest.Answer(
        name: running.model.name, hash: running.model.hash, path: running.settings.modelPath,
        bank: running.model.priors?.id,
        origin: entry?.value == nil ? "configuration" : "exchange", configured: configured,
        previous: entry.map { $0.previous ?? configured }, generation: running.generation)
    }
  }
}
