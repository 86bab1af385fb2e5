import PriorFusion
import TensorFiles

extension PriorBankFile {
  /// What a merge kept.
  public struct MergeResult: Equatable, Sendable {
    public let references: Int
    public let duplicates: Int
  }

  /// Writes a bank of all references of two: the first's in order, then the second's that the first does not have.
  /// Those of the same drive, frame, cell and values are the same; each is kept once.
  ///
  /// - Parameter progress: is told the share of the work that is done.
  /// - Throws: `.unlikeBanks` when the two are not of the same encoder and query side; `.unreadable`, `.unwritable`.
  public static func merge(
    _ first: PriorBankFile, _ second: PriorBankFile, to path: String, progress: (Double) -> Void = { _ in }
  ) throws(ModelBundleError) -> MergeResult {
    try first.refuseUnlike(second)
    let total = first.count + second.count
    // Fingerprints take all tensors once, as writing does.
    let work = Double(2 * total)
    var seen = Set<SIMD2<UInt64>>(minimumCapacity: total)
    var drives = first.metadata.drives
    var parts: [PriorBankPart] = []
    var looked = 0
    for file in [first, second] {
      var isKept = [Bool](repeating: false, count: file.count)
      try PriorBankRows(file).forEachFingerprint { row, fingerprint in
        isKept[row] = seen.insert(fingerprint).inserted
        looked += 1
        if row % PriorBankRows.chunk == 0 { progress(Double(looked) / work) }
      }
      for name in file.metadata.drives where !drives.contains(name) { drives.append(name) }
      let places = file.metadata.drives.map { Int32(drives.firstIndex(of: $0) ?? 0) }
      parts.append(PriorBankPart(file: file, isKept: isKept, drives: places))
    }
    let tensorCount = Double(PriorBankFormat.perReference(first.sizes).count)
    var metadata = first.handle.header.metadata.filter { second.handle.header.metadata[$0.key] == $0.value }
    let ids = try [first, second].map { (file) throws(ModelBundleError) in
      String(try file.handle.file.hash().prefix(idLength))
    }
    metadata["selection"] = "merged of \(ids[0]) and \(ids[1])"
    for key in [
      "architecture", "encoder_sha256", "teacher", "teacher_sha256", "min_depth_m", "max_depth_m",
      "canonical_fx_px",
    ] {
      metadata[key] = first.handle.header.metadata[key]
    }
    // What retrieval is like in the bank's domain has to be measured again.
    metadata[RetrievalDomain.metadataKey] = nil
    try write(parts, drives: drives, metadata: metadata, to: path) { done in
      progress((Double(total) + Double(done) / tensorCount) / work)
    }
    return MergeResult(references: seen.count, duplicates: total - seen.count)
  }

  /// Refuses banks whose references do not mean the same: another encoder, another teacher, other projections.
  private func refuseUnlike(_ other: PriorBankFile) throws(ModelBundleError) {
    func refusal(_ what: String) -> ModelBundleError {
      .unlikeBanks(first: path, second: other.path, difference: what)
    }
    let (ours, theirs) = (metadata, other.metadata)
    if ours.encoderHash != theirs.encoderHash || ours.architecture != theirs.architecture {
      throw refusal(
        "encoder \(ours.encoderHash.prefix(16))… (\(ours.architecture)) and \(theirs.encoderHash.prefix(16))… "
          + "(\(theirs.architecture))")
    }
    if ours.teacherHash != theirs.teacherHash {
      throw refusal("teacher \(ours.teacher) and \(theirs.teacher)")
    }
    if ours.convention != theirs.convention {
      throw refusal("disparities of \(ours.convention.description) and \(theirs.convention.description)")
    }
    if storage != other.storage { throw refusal("numbers of \(storage) and \(other.storage)") }
    for plan in PriorBankFormat.perEncoder(sizes) {
      guard sizes.features == other.sizes.features, sizes.teacherFeatures == other.sizes.teacherFeatures,
        try agrees(with: other, on: plan.name)
      else { throw refusal("\(plan.name)") }
    }
  }
}
