import TensorFiles

/// What distinguishes two banks.
public struct PriorBankDifference: Equatable, Sendable {
  /// A metadata entry that differs; nil = absent.
  public struct Entry: Equatable, Sendable {
    public let key: String
    public let first: String?
    public let second: String?
  }

  public let metadata: [Entry]
  /// Tensors of the query side and of the projections that differ, in the file's order.
  public let tensors: [String]
  /// References in both, and in one alone.
  public let common: Int
  public let onlyFirst: Int
  public let onlySecond: Int
  /// References in one alone, by the drive that they come from.
  public let onlyFirstByDrive: [String: Int]
  public let onlySecondByDrive: [String: Int]

  /// Whether the two files hold the same.
  public var isNone: Bool { metadata.isEmpty && tensors.isEmpty && onlyFirst == 0 && onlySecond == 0 }

  /// Compares two banks, reference by reference; the order of references does not count.
  ///
  /// - Parameter progress: is told the share of the work that is done.
  /// - Throws: `.unreadable`.
  public init(
    _ first: PriorBankFile, _ second: PriorBankFile, progress: (Double) -> Void = { _ in }
  ) throws(ModelBundleError) {
    let (ours, theirs) = (first.handle.header.metadata, second.handle.header.metadata)
    metadata = Set(ours.keys).union(theirs.keys).sorted().filter { ours[$0] != theirs[$0] }
      .map { Entry(key: $0, first: ours[$0], second: theirs[$0]) }
    var tensors: [String] = []
    for plan in PriorBankFormat.perEncoder(first.sizes)
    where try !first.agrees(with: second, on: plan.name) { tensors.append(plan.name) }
    self.tensors = tensors
    let work = Double(2 * first.count + second.count)
    var looked = 0
    func note() {
      looked += 1
      if looked % PriorBankRows.chunk == 0 { progress(Double(looked) / work) }
    }
    var inFirst = Set<SIMD2<UInt64>>(minimumCapacity: first.count)
    try PriorBankRows(first).forEachFingerprint { _, fingerprint in
      inFirst.insert(fingerprint)
      note()
    }
    var inSecond = Set<SIMD2<UInt64>>(minimumCapacity: second.count)
    var newcomers: [Int] = []
    try PriorBankRows(second).forEachFingerprint { row, fingerprint in
      inSecond.insert(fingerprint)
      if !inFirst.contains(fingerprint) { newcomers.append(row) }
      note()
    }
    var leavers: [Int] = []
    try PriorBankRows(first).forEachFingerprint { row, fingerprint in
      if !inSecond.contains(fingerprint) { leavers.append(row) }
      note()
    }
    common = first.count - leavers.count
    onlyFirst = leavers.count
    onlySecond = newcomers.count
    onlyFirstByDrive = try first.drives(ofReferences: leavers)
    onlySecondByDrive = try second.drives(ofReferences: newcomers)
  }
}

extension PriorBankFile {
  /// How many of some references, in rising order, come from each drive.
  fileprivate func drives(ofReferences references: [Int]) throws(ModelBundleError) -> [String: Int] {
    let drives = try values(of: "drive", as: Int32.self)
    return references.reduce(into: [:]) { counts, reference in
      let drive = Int(drives[reference])
      let name = metadata.drives.indices.contains(drive) ? metadata.drives[drive] : "drive \(drive)"
      counts[name, default: 0] += 1
    }
  }
}
