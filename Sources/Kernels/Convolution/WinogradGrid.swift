// How an image's 4x4 tiles are grouped for Winograd's convolution.

/// Tiles in units that are transformed and multiplied together.
struct WinogradGrid {
  /// Some neighbouring tiles: a few rows of one range of columns.
  struct Unit {
    var firstRow, rows: Int
    var firstColumn, columns: Int
    var tiles: Int { rows * columns }
  }

  let tilesX, tilesY: Int
  /// All tiles at once, in three phases that the parts share.
  let isWhole: Bool
  let rowsPerUnit: Int
  let columnGroups: Int
  private let columnsPerUnit: Int

  var unitRows: Int { (tilesY + rowsPerUnit - 1) / rowsPerUnit }
  /// The most tiles of any unit.
  var tilesPerUnit: Int { rowsPerUnit * columnsPerUnit }

  /// - Parameter blocks: blocks of eight channels, input and output together.
  init(_ window: Window, blocks: Int) {
    tilesX = (window.outputWidth + 3) / 4
    tilesY = (window.outputHeight + 3) / 4
    isWhole = tilesX * tilesY <= 60
    // Transforms of one unit stay in the second-level cache.
    let room = max(12, 150_000 / (36 * 8 * blocks))
    if isWhole || tilesX <= room {
      columnGroups = 1
      columnsPerUnit = tilesX
      rowsPerUnit = isWhole ? tilesY : max(1, min(room / tilesX, tilesY / 8))
    } else {
      let groups = (tilesX + room - 1) / room
      let columns = ((tilesX + groups - 1) / groups + 3) / 4 * 4
      columnsPerUnit = columns
      columnGroups = (tilesX + columns - 1) / columns
      rowsPerUnit = 1
    }
  }

  func unit(_ index: Int) -> Unit {
    let row = index / columnGroups * rowsPerUnit
    let column = index % columnGroups * columnsPerUnit
    return Unit(
      firstRow: row, rows: min(rowsPerUnit, tilesY - row), firstColumn: column,
      columns: min(columnsPerUnit, tilesX - column))
  }

  /// Whether the transforms and the larger weights cost less than the multiplications saved.
  static func pays(tiles: Int, inChannels: Int, outChannels: Int) -> Bool {
    tiles >= 24 && inChannels * outChannels <= 300 * 300 || tiles >= 96
  }
}
