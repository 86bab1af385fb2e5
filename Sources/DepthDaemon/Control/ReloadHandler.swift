import WireFormat

extension ControlHandler where Context == ControlContext {
  /// `reload`: answered with the verdict, when it is known.
  static var reload: ControlHandler {
    ControlHandler(later: ReloadRequest.self, patienceSeconds: 120) { request, context, reply in
      var job = ReloadJob(trigger: .command)
      job.isDryRun = request.dryRun ?? false
      job.skipsComparison = request.force ?? false
      context.reload.request(job, reply)
    }
  }
}
