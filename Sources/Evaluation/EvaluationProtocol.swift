import Glibc
public import Quantities

/// Which pixels count, and how predictions are clamped.
public struct EvaluationProtocol: Equatable, Sendable {
  public enum Crop: String, CaseIterable, Sendable {
    case none
    /// The window of Garg et al. 2016, as shares of the image.
    case garg
    /// The window of Eigen et al. 2014, as shares of the image.
    case eigen
    /// Rows 45 to 471 and columns 41 to 601 of a 640x480 image of NYUv2, in proportion for other sizes.
    case nyu
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
    case .none: (0..<size.height, 0..<size.width)
    case .garg: shares(of: size, rows: (0.40810811, 0.99189189), columns: (0.03594771, 0.96405229))
    case .eigen: shares(of: size, rows: (0.3324324, 0.91351351), columns: (0.0359477, 0.96405229))
    case .nyu:
      (45 * size.height / 480..<471 * size.height / 480, 41 * size.width / 640..<601 * size.width / 640)
    }
  }

  private func shares(
    of size: ImageSize, rows: (Double, Double), columns: (Double, Double)
  ) -> (rows: Range<Int>, columns: Range<Int>) {
    let height = Double(size.height)
    let width = Double(size.width)
    return (
      Int(rows.0 * height)..<Int(rows.1 * height), Int(columns.0 * width)..<Int(columns.1 * width)
    )
  }
}
