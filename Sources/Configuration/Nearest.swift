/// Finds what a person probably meant.
public enum Nearest {
  /// The candidate with the fewest typing errors; nil if more than a third of the word differs.
  public static func match(_ word: String, among candidates: [String]) -> String? {
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(word.lowercased(), candidate)
      if distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(1, max(word.count, best.candidate.count) / 3) else { return nil }
    return best.candidate
  }

  /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
  ///
  /// - Source: optimal string alignment distance.
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { table[i][0] = i }
    for j in 0...b.count { table[0][j] = j }
    for i in 0..<a.count {
      for j in 0..<b.count {
        let replaced = table[i][j] + (a[i] == b[j] ? 0 : 1)
        var least = min(replaced, table[i][j + 1] + 1, table[i + 1][j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, table[i - 1][j - 1] + 1) }
        table[i + 1][j + 1] = least
      }
    }
    return table[a.count][b.count]
  }
}
