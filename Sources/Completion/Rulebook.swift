import Kernels
import Quantities

/// Which active cells are neighbours: for every offset of a k x k window the pairs (output, input) of places.
///
/// Built once per level and frame, and shared by the level's convolutions. An offset's opposite has the same pairs
/// with the roles exchanged, so only half of them is stored; the centre pairs every cell with itself. The pairs of
/// an offset are in the order of their outputs, and, since a shift keeps the order of cells, of their inputs too.
///
/// - Source: Graham et al., "3D Semantic Segmentation with Submanifold Sparse Convolutional Networks", CVPR 2018.
final class Rulebook {
  let kernel: Int
  private let capacity: Int
  private let half: Int
  private let outputs: Scratch<Int32>
  private let inputs: Scratch<Int32>
  private let counts: Scratch<Int32>

  init(kernel: Int, capacity: Int) {
    self.kernel = kernel
    self.capacity = capacity
    half = kernel * kernel / 2
    outputs = Scratch(count: half * capacity)
    inputs = Scratch(count: half * capacity)
    counts = Scratch(count: half)
  }

  /// Pairs of one offset; `outputs` and `inputs` both increase.
  struct Pairs {
    let outputs: UnsafePointer<Int32>
    let inputs: UnsafePointer<Int32>
    let count: Int

    /// The first pair whose output is at least `place`.
    func first(from place: Int) -> Int {
      var low = 0
      var high = count
      while low < high {
        let middle = (low &+ high) / 2
        if Int(outputs[middle]) < place { low = middle &+ 1 } else { high = middle }
      }
      return low
    }
  }

  var offsetCount: Int { kernel * kernel }
  var centre: Int { half }

  /// Pairs of an offset other than the centre, offsets counted row by row.
  func pairs(_ offset: Int) -> Pairs {
    let stored = min(offset, offsetCount - 1 - offset)
    let (a, b) = (outputs.base + stored * capacity, inputs.base + stored * capacity)
    let count = Int(counts.base[stored])
    return offset == stored
      ? Pairs(outputs: a, inputs: b, count: count) : Pairs(outputs: b, inputs: a, count: count)
  }

  /// All pairs, the centre's included.
  func pairCount(of cells: ActiveCells) -> Int {
    var sum = 0
    for offset in 0..<half { sum += Int(counts.base[offset]) }
    return 2 * sum + cells.count
  }

  func build(_ cells: ActiveCells, executor: any ParallelExecutor) {
    guard half > 0 else { return }
    executor.run(parts: half) { offset in
      let reach = kernel / 2
      let shift = cells.offset(rows: offset / kernel - reach, columns: offset % kernel - reach)
      let (outputs, inputs) = (outputs.base + offset * capacity, inputs.base + offset * capacity)
      var count = 0
      for place in 0..<cells.count {
        let neighbour = cells.place(at: cells.address(place) &+ shift)
        guard neighbour != 0 else { continue }
        outputs[count] = Int32(truncatingIfNeeded: place)
        inputs[count] = neighbour &- 1
        count &+= 1
      }
      counts.base[offset] = Int32(truncatingIfNeeded: count)
    }
  }
}
