// Where every tensor lives: one arena, shared by tensors whose lifetimes do not meet.

/// A tensor that needs memory from step `first` to step `last`, both included.
package struct ArenaRequest: Sendable {
  package var byteCount: Int
  package var first: Int
  package var last: Int

  package init(byteCount: Int, first: Int, last: Int) {
    self.byteCount = byteCount
    self.first = first
    self.last = last
  }
}

/// Byte offsets for a list of requests, and the arena's size.
package struct ArenaPlan: Sendable {
  package private(set) var offsets: [Int]
  package private(set) var byteCount = 0

  /// Greedy by size: the largest tensor first, each at the lowest offset free during its whole life.
  ///
  /// - Complexity: O(n² log n) for n tensors.
  package init(_ requests: [ArenaRequest]) {
    offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    let order = requests.indices.sorted {
      (requests[$0].byteCount, $1) > (requests[$1].byteCount, $0)
    }
    for index in order {
      let request = requests[index]
      let size = (request.byteCount + 63) / 64 * 64 + 64
      let neighbours = placed.filter {
        requests[$0].first <= request.last && request.first <= requests[$0].last
      }.sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in neighbours {
        if offsets[other] >= offset + size { break }
        offset = max(offset, offsets[other] + (requests[other].byteCount + 63) / 64 * 64 + 64)
      }
      offsets[index] = offset
      byteCount = max(byteCount, offset + size)
      placed.append(index)
    }
  }
}
