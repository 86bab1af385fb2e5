/// The prior bank that the network looks up.
public enum PriorBankSetting: Hashable, Sendable {
  /// The one that comes with the model, if any does.
  case bundle
  /// None: the plain network.
  case off
  /// A file as written: relative to the folder of the configuration file.
  case path(String)
}

extension PriorBankSetting: ConfigurationText {
  static let allowed = #""bundle", "off" or the path of a priors.safetensors"#

  public init?(configurationText text: String) {
    switch text {
    case "bundle": self = .bundle
    case "off": self = .off
    case "": return nil
    default: self = .path(text)
    }
  }

  public var configurationText: String {
    switch self {
    case .bundle: "bundle"
    case .off: "off"
    case .path(let path): path
    }
  }
}
