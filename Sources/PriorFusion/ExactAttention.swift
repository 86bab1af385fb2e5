import Kernels
import Quantities

/// Attention over every reference, in one pass: blocks of references stream past panels of queries, and the matrix of
/// weights never exists.
///
/// Work is cut into chunks of references by groups of panels. The cut depends on sizes alone, so results are the same
/// to the bit on any number of threads.
///
/// - Source: the running softmax of Dao et al., FlashAttention (2022), algorithm 1.
final class ExactAttention: PanelAttention {
  /// At most so many chunks; more would only cost memory for their sums.
  private static let largestChunkCount = 8
  /// Queries that share a converted block.
  private static let groupLanes = 128

  private let blocks: ReferenceBlocks
  private let panels: QueryPanels
  private let kernels: AttentionKernels
  private let chunkRows: Int
  private let chunkCount: Int
  private let groupPanels: Int
  private let groupCount: Int
  private let sums: Scratch<Float>
  private let scratch: Scratch<Float>
  private let scratchFloats: Int
  private let queue: WorkQueue

  init(_ blocks: ReferenceBlocks, _ panels: QueryPanels, parts: Int, kernels: AttentionKernels) {
    self.blocks = blocks
    self.panels = panels
    self.kernels = kernels
    queue = WorkQueue(parts: parts)
    let count = blocks.bank.count
    let blockCount = (count + ReferenceBlocks.rows - 1) / ReferenceBlocks.rows
    chunkRows =
      (blockCount + Self.largestChunkCount - 1) / Self.largestChunkCount * ReferenceBlocks.rows
    chunkCount = (count + chunkRows - 1) / chunkRows
    groupPanels = max(1, Self.groupLanes / panels.lanes)
    groupCount = (panels.panelCount + groupPanels - 1) / groupPanels
    sums = Scratch(
      count: chunkCount * panels.panelCount * AttentionSums.floatCount(lanes: panels.lanes))
    scratchFloats = ReferenceBlocks.floatCount + ReferenceBlocks.rows * panels.lanes
    scratch = Scratch(count: parts * scratchFloats)
  }

  /// What a panel gathered, after `run` and `merge`.
  func sums(panel: Int) -> AttentionSums { sums(panel: panel, chunk: 0) }

  private func sums(panel: Int, chunk: Int) -> AttentionSums {
    let floats = AttentionSums.floatCount(lanes: panels.lanes)
    return AttentionSums(
      lanes: panels.lanes, base: sums.base + (chunk * panels.panelCount + panel) * floats)
  }

  /// Gathers for all panels, chunk by chunk.
  func run(_ executor: any ParallelExecutor) {
    queue.run(units: chunkCount * groupCount, executor) { unit, part in
      gather(chunk: unit / groupCount, group: unit % groupCount, scratch.base + part * scratchFloats)
    }
  }

  /// Joins the chunks of one panel.
  func merge(panel: Int) {
    for chunk in 1..<max(1, chunkCount) {
      sums(panel: panel).merge(sums(panel: panel, chunk: chunk), kernels)
    }
    sums(panel: panel).best.update(from: sums(panel: panel).softmax(.pixel).largest, count: panels.lanes)
  }

  /// The memory of one part.
  private struct Block {
    let keys: UnsafeMutablePointer<Float>
    let values: UnsafeMutablePointer<Float>
    let logits: UnsafeMutablePointer<Float>

    init(_ base: UnsafeMutablePointer<Float>) {
      keys = base
      values = base + ReferenceBlocks.rows * PriorBank.width
      logits = base + ReferenceBlocks.floatCount
    }
  }

  private func gather(chunk: Int, group: Int, _ memory: UnsafeMutablePointer<Float>) {
    let block = Block(memory)
    let group = group * groupPanels..<min(panels.panelCount, (group + 1) * groupPanels)
    for panel in group { sums(panel: panel, chunk: chunk).reset() }
    forEachBlock(ofChunk: chunk) { rows in
      blocks.loadPixel(rows, keys: block.keys, values: block.values)
      for panel in group { add(.pixel, panel, rows.count, block, sums(panel: panel, chunk: chunk)) }
      blocks.loadHeads(rows, keys: block.keys, values: block.values)
      for panel in group {
        for head in AttentionPath.heads {
          add(head, panel, rows.count, block, sums(panel: panel, chunk: chunk))
        }
      }
    }
  }

  private func forEachBlock(ofChunk chunk: Int, _ body: (Range<Int>) -> Void) {
    let end = min(blocks.bank.count, (chunk + 1) * chunkRows)
    var start = chunk * chunkRows
    while start < end {
      let rows = start..<min(end, start + ReferenceBlocks.rows)
      body(rows)
      start = rows.upperBound
    }
  }

  private func add(
    _ path: AttentionPath, _ panel: Int, _ rows: Int, _ block: Block, _ sums: AttentionSums
  ) {
    let softmax = sums.softmax(path)
    let kernels = kernels.forFirst(lanes: panels.valid(panel))
    kernels.product(
      .init(block.keys + path.firstColumn, count: rows, depth: path.keyWidth, stride: PriorBank.width),
      panels.query(path, panel), into: block.logits)
    kernels.softmax(block.logits, rows: rows, softmax)
    kernels.product(
      .init(
        columnsOf: block.values + path.firstColumn, count: path.valueColumns, depth: rows,
        stride: path.valueStride),
      block.logits, keep: softmax.keep, into: sums.sums(path))
  }
}
