/// A CSV file of a drive, line by line, with errors that name the line.
struct CSVTable {
  let path: String
  /// The rows' fields, the header not included.
  ///
  /// Line numbers of row `i` are `i + 2`.
  let rows: [[Substring]]

  /// Reads a whole file.
  /// - Parameter columns: the header that the file must have, in order.
  init(path: String, columns: [String]) throws(DriveError) {
    let text = try FileBytes.text(of: path)
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    if lines.last?.isEmpty == true { lines.removeLast() }
    guard let header = lines.first else {
      throw .badText(path: path, line: 1, reason: "the file is empty; it must begin with a header line")
    }
    let found = header.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard found == columns else {
      throw .badText(
        path: path, line: 1,
        reason: "the header is \"\(header)\"; it must be \"\(columns.joined(separator: ","))\"")
    }
    var rows: [[Substring]] = []
    rows.reserveCapacity(lines.count)
    for (number, line) in lines.enumerated().dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == columns.count else {
        throw .badText(
          path: path, line: number + 1,
          reason: "\(fields.count) fields where \(columns.count) belong; the file may have been cut off")
      }
      rows.append(fields)
    }
    self.path = path
    self.rows = rows
  }

  /// A finite number in a field.
  func number(row: Int, column: Int, _ name: String) throws(DriveError) -> Double {
    let field = rows[row][column]
    guard let value = Double(field), value.isFinite else {
      throw .badText(
        path: path, line: row + 2, reason: "\(name) is \"\(field)\"; it must be a finite number")
    }
    return value
  }
}
