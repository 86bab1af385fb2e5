/// What was found about one component: which kind of thing, and the facts of this case.
public struct Finding: Equatable, Sendable {
  public var code: DiagnosticCode
  /// One sentence with the facts; without one, the code's cause stands for it.
  public var text: String

  public init(_ code: DiagnosticCode, _ text: String? = nil) {
    self.code = code
    self.text = text ?? code.explanation.cause
  }

  public var component: HealthComponent { code.explanation.component }
  public var level: HealthLevel { code.explanation.level }
  public var remedy: String { code.explanation.remedy }
}
