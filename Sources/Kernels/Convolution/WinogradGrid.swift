// How an image's tiles are grouped for Winograd's convolution.

/// Tiles in units that are transformed and multiplied together.
struct WinogradGrid {
  /// Some neighbouring tiles: a few rows of one range of columns.
  struct Unit {
    var firstRow, rows: Int
    var firstColumn, columns: Int
    var tiles: Int { rows * columns }
    /// Tiles from one block of channels to the next in memory: even, so that no two tiles straddle cache lines.
    var spacing: Int { (tiles + 1) / 2 * 2 }
  }

  let tilesX, tilesY: Int
  /// All tiles at once, in three phases that the parts share.
  let isWhole: Bool
  let rowsPerUnit: Int
  let columnGroups: Int
  private let columnsPerUnit: Int

  var unitRows: Int { (tilesY + rowsPerUnit - 1) / rowsPerUnit }
  /// The most tiles of any unit, in memory.
  var tilesPerUnit: Int { (rowsPerUnit * columnsPerUnit + 1) / 2 * 2 }

  /// - Parameters:
  ///   - blocks: blocks of eight channels, input and output together.
  ///   - parts: that share the units.
  init(_ window: Window, blocks: Int, parts: Int) {
    tilesX = (window.outputWidth + 3) / 4
    tilesY = (window.outputHeight + 3) / 4
    isWhole = tilesX * tilesY <= 60
    // Transforms of one unit stay in the second-level cache, if that is enough tiles for the filters that they share.
    let room = max(40, 125_000 / (36 * 8 * blocks))
    if isWhole || tilesX <= room {
      columnGroups = 1
      columnsPerUnit = tilesX
      rowsPerUnit = isWhole ? tilesY : Self.rowsPerUnit(of: tilesY, most: room / tilesX, parts: parts)
    } else {
      let groups = (tilesX + room - 1) / room
      let columns = ((tilesX + groups - 1) / groups + 3) / 4 * 4
      columnsPerUnit = columns
      columnGroups = (tilesX + columns - 1) / columns
      rowsPerUnit = 1
    }
  }

  /// As many as there is room for, if every part gets as many units or so many that it does not matter.
  private static func rowsPerUnit(of rows: Int, most: Int, parts: Int) -> Int {
    let fitting = stride(from: most, to: 1, by: -1).first {
      let units = (rows + $0 - 1) / $0
      return units % parts == 0 || units >= 6 * parts
    }
    return fitting ?? 1
  }

  func unit(_ index: Int) -> Unit {
    let row = index / columnGroups * rowsPerUnit
    let column = index % columnGroups * columnsPerUnit
    return Unit(
      firstRow: row, rows: min(rowsPerUnit, tilesY - row), firstColumn: column,
      columns: min(columnsPerUnit, tilesX - column))
  }

  /// Whether the transforms, those of the filters among them, cost less than the multiplications saved.
  ///
  /// In units of one multiplication of sixteen numbers, as measured: 5.3 for a component of sixteen filters, 7 for one
  /// of two tiles of eight channels of input or output; tiles are multiplied in fours. A fifth is left for the rest.
  static func pays(height: Int, width: Int, inChannels: Int, outChannels: Int) -> Bool {
    let tiles = ((height + 3) / 4) * ((width + 3) / 4)
    let (inBlocks, outBlocks) = ((inChannels + 7) / 8, (outChannels + 7) / 8)
    let matrix = Double(inChannels * outBlocks) / 2
    let transforms = 5.3 * matrix + 3.5 * Double(tiles * (inBlocks + outBlocks))
    let direct = 9 * Double(height * width) * matrix
    return 36 * (matrix * Double((tiles + 3) / 4 * 4) + transforms) < 0.8 * direct
  }
}
