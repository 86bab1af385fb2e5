/// One softmax over the references: the pixel-wise one, or one head's.
enum AttentionPath: CaseIterable {
  case pixel, head0, head1, head2, head3

  static let all = allCases
  static let heads: [AttentionPath] = [.head0, .head1, .head2, .head3]

  /// Its place among the paths: the pixel-wise one first.
  var index: Int {
    switch self {
    case .pixel: 0
    case .head0: 1
    case .head1: 2
    case .head2: 3
    case .head3: 4
    }
  }

  /// Numbers of a key.
  var keyWidth: Int { self == .pixel ? PriorBank.width : PriorBank.headWidth }

  /// Numbers of a value as fusion gathers it.
  var valueColumns: Int { self == .pixel ? ReferenceBlocks.valueColumns : PriorBank.headWidth }

  /// Floats from one reference's value to the next in blocks that all heads share.
  var valueStride: Int { self == .pixel ? ReferenceBlocks.valueColumns : PriorBank.width }

  /// Where its numbers begin in the rows that all heads share.
  var firstColumn: Int { self == .pixel ? 0 : (index - 1) * PriorBank.headWidth }
}
