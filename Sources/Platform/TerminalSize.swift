import CPosix
import Glibc

/// Columns and rows of the terminal behind a descriptor.
public struct TerminalSize: Equatable, Sendable {
  public var columns: Int
  public var rows: Int

  public init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// Nil when the descriptor is no terminal or does not say.
  public init?(of descriptor: Int32) {
    var window = winsize()
    guard isatty(descriptor) == 1, cposix_ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0,
      window.ws_col > 0, window.ws_row > 0
    else { return nil }
    self.init(columns: Int(window.ws_col), rows: Int(window.ws_row))
  }
}
