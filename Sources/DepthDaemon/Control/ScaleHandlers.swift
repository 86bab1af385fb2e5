import Glibc
import Quantities
import Scale
import WireFormat

extension ControlHandler where Context == ControlContext {
  /// `scale`: the scale in use and how far it is learned.
  static var scale: ControlHandler {
    ControlHandler(ScaleRequest.self) { (_, context) throws(ControlFailure) in
      try answer(context.scale)
    }
  }

  /// `scale.set`: a person's word.
  static var scaleSet: ControlHandler {
    ControlHandler(ScaleSetRequest.self) { (request, context) throws(ControlFailure) in
      guard request.value.isFinite, (0.0001...10000).contains(request.value) else {
        throw ControlFailure(code: "bad_argument", text: "\"value\" must lie between 0.0001 and 10000.")
      }
      let sigma = request.sigma ?? 0.05
      guard sigma.isFinite, (0.001...1).contains(sigma) else {
        throw ControlFailure(code: "bad_argument", text: "\"sigma\" must lie between 0.001 and 1.")
      }
      guard context.scale.set(ScalePrior(logScale: log(request.value), logSigma: sigma)) else {
        throw notLearning
      }
      return try answer(context.scale)
    }
  }

  /// `scale.reset`: back to what the model says.
  static var scaleReset: ControlHandler {
    ControlHandler(ScaleResetRequest.self) { (_, context) throws(ControlFailure) in
      guard context.scale.reset() else { throw notLearning }
      return try answer(context.scale)
    }
  }

  static var scaleHistory: ControlHandler {
    ControlHandler(ScaleHistoryRequest.self) { (request, context) throws(ControlFailure) in
      let entries = context.scale.entries
      return ScaleHistoryRequest.Answer(entries: entries.suffix(max(0, request.count ?? entries.count)))
    }
  }

  private static func answer(_ clerk: ScaleClerk) throws(ControlFailure) -> ScaleAnswer {
    guard let answer = clerk.answer else {
      throw ControlFailure(
        code: "no_depth", text: "there is no depth yet whose scale could be told; see depthctl status.")
    }
    return answer
  }

  private static var notLearning: ControlFailure {
    ControlFailure(
      code: "not_learning",
      text: "the scale is the constant of the configuration, or there is no depth yet; remove scale.constant "
        + "and reload.")
  }
}
