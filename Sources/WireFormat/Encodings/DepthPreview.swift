import Glibc
public import ImageBuffers
public import Quantities

/// Colour-mapped depth above a legend that says which colour is which distance.
///
/// The picture is allocated once; the legend is drawn once, at construction.
public struct DepthPreview: ~Copyable {
  /// Rows the legend takes below the depth.
  public static let legendHeight = 20

  public let table: DepthColorTable
  public private(set) var image: RGBImage
  private let depthSize: ImageSize

  /// - Parameters:
  ///   - nearest, farthest: fixed range of the colours, in the depth's own unit.
  ///   - unitLabel: printed after the last number: `m`, or `u` for network units.
  public init(depthSize: ImageSize, nearest: Float, farthest: Float, unitLabel: String) {
    self.depthSize = depthSize
    table = DepthColorTable(nearest: nearest, farthest: farthest)
    image = RGBImage(
      size: ImageSize(width: depthSize.width, height: depthSize.height + Self.legendHeight))
    drawLegend(unitLabel: unitLabel)
  }

  /// Paints a new depth; does not allocate.
  public mutating func update(_ depth: borrowing Plane<Float>) {
    precondition(
      depth.width == depthSize.width && depth.height == depthSize.height,
      "depth has another size than the preview")
    table.paint(depth, into: &image)
  }

  private mutating func drawLegend(unitLabel: String) {
    let barTop = depthSize.height + 1
    let span = log(table.farthest / table.nearest)
    for x in 0..<depthSize.width {
      let part = (Float(x) + 0.5) / Float(depthSize.width)
      let color = table.color(of: table.nearest * exp(part * span))
      for y in barTop..<(barTop + 7) {
        let pixel = image.bytes.baseAddress + y * image.bytes.rowStride + 3 * x
        pixel[0] = color.x
        pixel[1] = color.y
        pixel[2] = color.z
      }
    }
    drawTicks(top: barTop + 9, span: span, unitLabel: unitLabel)
  }

  /// Numbers of the 1-2-5 series below their places on the bar, as many as fit without touching.
  private mutating func drawTicks(top: Int, span: Float, unitLabel: String) {
    let ticks = Self.roundNumbers(from: table.nearest, to: table.farthest)
    var nextFree = 0
    for (index, tick) in ticks.enumerated() {
      let text = Self.label(tick) + (index == ticks.count - 1 ? unitLabel : "")
      let width = BitmapFont.width(of: text)
      let center = Int(log(tick / table.nearest) / span * Float(depthSize.width))
      let left = min(max(center - width / 2, 0), depthSize.width - width)
      guard left >= nextFree else { continue }
      BitmapFont.draw(text, into: &image, x: left, y: top)
      nextFree = left + width + BitmapFont.advance
    }
  }

  static func roundNumbers(from low: Float, to high: Float) -> [Float] {
    var numbers: [Float] = []
    var decade = pow(10, floor(log10(low)))
    while decade <= high {
      for factor in [1, 2, 5] as [Float]
      where decade * factor >= low * 0.999 && decade * factor <= high * 1.001 {
        numbers.append(decade * factor)
      }
      decade *= 10
    }
    return numbers
  }

  /// Up to two decimals, without trailing zeros.
  static func label(_ number: Float) -> String {
    let hundredths = Int((number * 100).rounded())
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    guard rest > 0 else { return "\(whole)" }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }
}
