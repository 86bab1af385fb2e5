import CANSignals

extension ConfigurationKey {
  /// A signal on a CAN bus; empty for none.
  static func canSignal(
    _ path: String, _ field: Field<CANSignal?>, _ reload: ReloadClass, _ documentation: String
  ) -> ConfigurationKey {
    let allowed =
      "\"\" for none, or a signal as DBC files write it, for example \"0x1A0 7|16@0+ (0.01,0) km/h\""
    return ConfigurationKey(
      path: path, unit: nil, allowed: allowed, reload: reload, documentation: documentation,
      text: { TOMLText.quoted($0[keyPath: field]?.description ?? "") },
      assign: { node, configuration in
        guard case .text(let text) = node else { return .wrongType(node, "text: \(allowed)") }
        guard !text.isEmpty else {
          configuration[keyPath: field] = nil
          return nil
        }
        do { configuration[keyPath: field] = try CANSignal(text: text) } catch {
          return KeyProblem(text: "\(error); it must be \(CANSignal.form)")
        }
        return nil
      })
  }
}
