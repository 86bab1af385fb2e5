import WireFormat

extension ControlHandler where Context == ControlContext {
  /// `events`: the last events, from before the daemon's start too.
  static var events: ControlHandler {
    ControlHandler(writing: EventsRequest.self) { request, context, result in
      let lines = context.reporter.events.log.lines
      let wanted = lines.suffix(max(0, request.count ?? lines.count))
      result.field("events", json: Array("[\(wanted.joined(separator: ","))]".utf8))
    }
  }
}
