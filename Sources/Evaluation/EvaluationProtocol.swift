import Glibc
public import Quantities

/// Which pixels count, and how predictions are clamped.
public struct EvaluationProtocol: Equatable, Sendable {
  public enum Crop: String, CaseIterable, Sendable {
    case none
    /// The window of Garg et al. 2016, as shares of the image.
    case garg
  }

  public var crop: Crop
  /// Truth at or beyond this does not count; predictions are clamped to it, metres.
  public var capMeters: Double
  /// Truth at or below this does not count; predictions are clamped to it, metres.
  public var floorMeters = 1e-3

  public init(crop: Crop = .none, capMeters: Double = 80) {
    self.crop = crop
    self.capMeters = capMeters
  }

  /// Rows and columns that count in an image of the given size.
  public func window(of size: ImageSize) -> (rows: Range<Int>, columns: Range<Int>) {
    switch crop {
    case .none: return (0..<size.height, 0..<size.width)
    case .garg:
      let height = Double(size.height)
      let width = Double(size.width)
      return (
        Int(0.40810811 * height)..<Int(0.99189189 * height), Int(0.03594771 * width)..<Int(0.96405229 * width)
      )
    }
  }
}
