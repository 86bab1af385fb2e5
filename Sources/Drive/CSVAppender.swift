import Glibc
import Platform

/// A CSV file that grows line by line and survives an interruption: half a line left by an earlier attempt is
/// cut off when the file is opened again.
struct CSVAppender {
  let path: String
  /// Rows in the file, the header not counted.
  private(set) var rowCount: Int

  /// Opens or creates the file.
  init(_ path: String, header: String) throws(DriveError) {
    self.path = path
    rowCount = 0
    guard fileExists(path) else {
      let output = try FileOutput(path)
      try output.write(header + "\n")
      return
    }
    let text = try FileBytes.text(of: path)
    guard text.hasPrefix(header + "\n") else {
      throw .badText(
        path: path, line: 1, reason: "the header is not \"\(header)\"; remove the unfinished folder")
    }
    let whole = text.utf8.lastIndex(of: UInt8(ascii: "\n")).map { text.utf8.index(after: $0) }
    let kept = String(text[..<(whole ?? text.startIndex)])
    rowCount = kept.utf8.count { $0 == UInt8(ascii: "\n") } - 1
    if kept.utf8.count != text.utf8.count { try replaceFile(path, with: kept) }
  }

  mutating func append(_ row: String) throws(DriveError) {
    let output = try FileOutput(path, appending: true)
    try output.write(row + "\n")
    rowCount += 1
  }

  /// Cuts rows that belong to a frame whose own line was never written.
  func truncate(toRows count: Int) throws(DriveError) {
    guard rowCount > count else { return }
    let text = try FileBytes.text(of: path)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true).prefix(count + 1)
    try replaceFile(path, with: lines.joined(separator: "\n") + "\n")
  }
}
