public import Quantities

/// The network's input size.
public enum InputSizeSetting: Hashable, Sendable {
  /// The size the model was trained for whose shape is nearest to the image's.
  case automatic
  case size(ImageSize)
}

extension InputSizeSetting: ConfigurationText {
  static let allowed = #""auto" or "WxH", for example "416x128", sides from 32 to 4096"#

  public init?(configurationText text: String) {
    if text == "auto" {
      self = .automatic
      return
    }
    guard let size = ImageSize(text), (32...4096).contains(size.width), (32...4096).contains(size.height)
    else { return nil }
    self = .size(size)
  }

  public var configurationText: String {
    switch self {
    case .automatic: "auto"
    case .size(let size): size.description
    }
  }
}

/// The pixel format asked of a V4L2 camera.
public enum PixelFormatSetting: Hashable, Sendable {
  /// The cheapest to decode among those that reach size and rate.
  case automatic
  /// A V4L2 four-character code.
  case fourCC(String)
}

extension PixelFormatSetting: ConfigurationText {
  static let allowed = #""auto" or a V4L2 four-character code, for example "YUYV" or "MJPG""#

  public init?(configurationText text: String) {
    if text == "auto" {
      self = .automatic
      return
    }
    guard text.utf8.count == 4, text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }), text.first != " " else {
      return nil
    }
    self = .fourCC(text)
  }

  public var configurationText: String {
    switch self {
    case .automatic: "auto"
    case .fourCC(let code): code
    }
  }
}

/// A folder that the daemon chooses unless told.
public enum DirectorySetting: Hashable, Sendable {
  case automatic
  case path(String)
}

extension DirectorySetting: ConfigurationText {
  static let allowed = #""auto" or a path"#

  public init?(configurationText text: String) {
    guard !text.isEmpty else { return nil }
    self = text == "auto" ? .automatic : .path(text)
  }

  public var configurationText: String {
    switch self {
    case .automatic: "auto"
    case .path(let path): path
    }
  }

  /// The folder of what is learned while running.
  ///
  /// `auto` is what systemd provides, else the user's state folder; nil if there is no such thing.
  public func stateDirectory(environment: [String: String]) -> String? {
    switch self {
    case .path(let path): path
    case .automatic:
      if let provided = environment["STATE_DIRECTORY"]?.firstPath {
        provided
      } else if let state = environment["XDG_STATE_HOME"]?.firstPath {
        state + "/depthd"
      } else if let home = environment["HOME"]?.firstPath {
        home + "/.local/state/depthd"
      } else {
        nil
      }
    }
  }
}

extension String {
  /// The first of colon-separated absolute paths, as systemd writes them; nil for anything else.
  fileprivate var firstPath: String? {
    split(separator: ":").first.map(String.init).flatMap { $0.hasPrefix("/") ? $0 : nil }
  }
}
