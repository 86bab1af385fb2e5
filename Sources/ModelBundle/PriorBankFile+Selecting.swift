import Foundation
public import PriorFusion
import TensorFiles

extension PriorBankFile {
  /// Which references a selection keeps.
  public enum SelectionRule: String, Sendable {
    /// The heaviest; of equals the one with the smaller index.
    case top
    /// The same number from each tenth of the references by disparity, so that rare near ones survive; what a tenth
    /// cannot fill, and the remainder of the division, goes to the heaviest that are left.
    case stratified

    /// As training/depthtrain/priors/selection.py does for reference sets.
    ///
    /// - Returns: indices, ascending; all when there are no more than `count`.
    public func choose(_ count: Int, weights: [Double], disparities: [Float]) -> [Int] {
      let all = Array(weights.indices)
      switch self {
      case .top: return Self.heaviest(count, of: all, weights)
      case .stratified:
        let order = all.sorted { (disparities[$0], $0) < (disparities[$1], $1) }
        var chosen: Set<Int> = []
        for part in Self.tenths(of: order) {
          chosen.formUnion(Self.heaviest(count / 10, of: part, weights))
        }
        let rest = all.filter { !chosen.contains($0) }
        chosen.formUnion(Self.heaviest(max(0, min(count, all.count) - chosen.count), of: rest, weights))
        return chosen.sorted()
      }
    }

    /// Of equals the one that comes first in `indices`.
    private static func heaviest(_ count: Int, of indices: [Int], _ weights: [Double]) -> [Int] {
      let order = indices.indices.sorted {
        (-weights[indices[$0]], $0) < (-weights[indices[$1]], $1)
      }
      return order.prefix(count).map { indices[$0] }.sorted()
    }

    /// The first `count % 10` tenths have one more, as numpy.array_split cuts.
    private static func tenths(of order: [Int]) -> [[Int]] {
      let (size, surplus) = (order.count / 10, order.count % 10)
      return (0..<10).map { tenth in
        let first = tenth * size + min(tenth, surplus)
        return Array(order[first..<(first + size + (tenth < surplus ? 1 : 0))])
      }
    }
  }

  /// Writes a bank of some of this one's references.
  ///
  /// - Parameters:
  ///   - references: indices, ascending.
  ///   - rule: what chose them, for the metadata.
  ///   - domain: how the new bank answers frames of its domain; nil = nobody measured.
  ///   - progress: is told the share of the work that is done.
  /// - Throws: `.unreadable`, `.unwritable`.
  public func writeSubset(
    _ references: [Int], rule: SelectionRule, domain: RetrievalDomain?, to path: String,
    progress: (Double) -> Void = { _ in }
  ) throws(ModelBundleError) {
    var isKept = [Bool](repeating: false, count: count)
    for index in references { isKept[index] = true }
    var metadata = handle.header.metadata
    if references.count < count {
      metadata["selection"] = "\(rule.rawValue) \(references.count) of \(count)"
      metadata["selected_from"] = try handle.file.hash()
    }
    metadata[RetrievalDomain.metadataKey] = domain?.json
    let drives = self.metadata.drives
    let part = PriorBankPart(file: self, isKept: isKept, drives: drives.indices.map { Int32($0) })
    let work = Double(count * PriorBankFormat.perReference(sizes).count)
    try Self.write([part], drives: drives, metadata: metadata, to: path) { progress(Double($0) / work) }
  }

  /// Lets the references stream past an accumulator that has frames waiting.
  ///
  /// - Parameter progress: is told the share of the work that is done.
  /// - Returns: what each reference weighs, summed over those frames.
  /// - Throws: `.tensors`, `.unreadable`.
  public func accumulate(
    _ accumulator: AttentionAccumulator, progress: (Double) -> Void = { _ in }
  ) throws(ModelBundleError) -> [Double] {
    accumulator.beginPass()
    try forEachKeys { first, pixel, heads in
      accumulator.normalise(keyPixel: pixel, keyHeads: heads)
      progress(0.5 * Double(first) / Double(count))
    }
    var weights: [Double] = []
    weights.reserveCapacity(count)
    try forEachKeys { first, pixel, heads in
      weights += accumulator.weigh(keyPixel: pixel, keyHeads: heads)
      progress(0.5 + 0.5 * Double(first) / Double(count))
    }
    accumulator.endPass()
    return weights
  }

  /// Calls `body` with chunks of both keys, (rows, 64) in float32, and the first reference of each.
  private func forEachKeys(_ body: (Int, [Float], [Float]) -> Void) throws(ModelBundleError) {
    let rows = PriorBankRows(self)
    for first in stride(from: 0, to: count, by: PriorBankRows.chunk) {
      let range = first..<min(count, first + PriorBankRows.chunk)
      let pixel = floats(UnsafeRawBufferPointer(try rows.read(PriorBankFormat.keyPixelTensor, range)))
      let heads = floats(UnsafeRawBufferPointer(try rows.read(PriorBankFormat.keyHeadsTensor, range)))
      body(first, pixel, heads)
    }
  }

  private func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    switch storage {
    case .float16: bytes.bindMemory(to: Float16.self).map(Float.init)
    case .float32: Array(bytes.bindMemory(to: Float.self))
    }
  }
}
