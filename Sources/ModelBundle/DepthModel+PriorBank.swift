public import PriorFusion

extension DepthModel {
  /// Which prior bank a model is to use.
  public enum PriorChoice: Equatable, Sendable {
    /// The bundle's own, if it has one.
    case bundle
    /// That of a file, which must be made for the model.
    case file(String)
    /// The plain network.
    case off
  }

  /// Whether the bundle has a prior bank of its own.
  public var hasPriorBank: Bool { fileHashes[PriorBankFormat.fileName] != nil }

  /// Whether the same frame may become another depth: other weights, or another bank.
  package func differs(from other: DepthModel) -> Bool {
    hash != other.hash || priors?.id != other.priors?.id
  }

  /// A prior bank for this model; nil when it is to have none, or the bundle's own and has none.
  ///
  /// - Throws: `.unreadable`, `.tensors`, `.bank`, `.foreignBank`; `.wrongHash` when the bundle's bank is not the one
  ///   that `bundle.json` names.
  public func loadPriors(_ choice: PriorChoice) throws(ModelBundleError) -> PriorBank? {
    switch choice {
    case .off: return nil
    case .file(let file): return try loadPriorBank(file, expectedHash: nil)
    case .bundle:
      guard let hash = fileHashes[PriorBankFormat.fileName] else { return nil }
      return try loadPriorBank(path + "/" + PriorBankFormat.fileName, expectedHash: hash)
    }
  }

  /// Refuses a bank of another encoder, by both names: its keys would mean nothing to this one's features.
  ///
  /// - Throws: `.foreignBank`.
  public func check(_ bank: PriorBankFile) throws(ModelBundleError) {
    let found = bank.metadata
    var madeFor = "\(found.architecture), encoder \(found.encoderHash.prefix(16))…"
    var ours = "\(name) (\(architecture ?? "a single ONNX file"), encoder \(encoderHash.prefix(16))…"
    if found.encoderHash == encoderHash {
      if architecture == found.architecture && agrees(with: found.convention) { return }
      madeFor += ", " + found.convention.description
      ours += ", " + convention.description
    }
    throw .foreignBank(path: bank.path, madeFor: madeFor, model: ours + ")")
  }

  private func loadPriorBank(
    _ file: String, expectedHash: String?
  ) throws(ModelBundleError) -> PriorBank {
    let bank = try PriorBankFile(path: file)
    try check(bank)
    return try bank.load(expectedHash: expectedHash)
  }

  private var convention: PriorBankMetadata.Convention {
    .init(
      minimumDepth: disparityToDepth.minimumDepthMeters, maximumDepth: disparityToDepth.maximumDepthMeters,
      canonicalFxPixels: canonicalFxPixels ?? 0)
  }

  /// The bank's file has six digits of each number.
  private func agrees(with other: PriorBankMetadata.Convention) -> Bool {
    let ours = convention
    return zip(
      [ours.minimumDepth, ours.maximumDepth, ours.canonicalFxPixels],
      [other.minimumDepth, other.maximumDepth, other.canonicalFxPixels]
    ).allSatisfy { abs($0 - $1) <= 1e-5 * $1 }
  }
}
