/// Width and height of an image, in pixels.
public struct ImageSize: Hashable, Sendable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Parses `WxH`, for example `640x192`. Returns nil for anything else or a side below one.
  public init?(_ text: some StringProtocol) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false)
    guard sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]),
      width > 0, height > 0
    else { return nil }
    self.init(width: width, height: height)
  }

  public var pixelCount: Int { width * height }

  /// Width divided by height.
  public var aspectRatio: Double { Double(width) / Double(height) }

  public var description: String { "\(width)x\(height)" }
}
