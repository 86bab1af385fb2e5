/// A bank of references as one encoder's fusion reads them (docs/bundle.md, "The prior bank"): M projected references
/// and the query side of fusion, every temperature and gain folded in. Immutable and shared.
///
/// All values are finite, M is at least 1: whoever makes a bank of a file has checked that.
///
/// - Source: RPrDepth, ECCV 2024; departures in docs/decisions/0010.
public struct PriorBank: Sendable {
  /// How keys and values lie in memory, as their file has them.
  public enum Storage: Sendable, CaseIterable {
    case float16, float32

    /// Bytes of one number.
    public var byteCount: Int { self == .float16 ? 2 : 4 }
  }

  /// The projected references, each (M, 64) row-major in `storage`.
  public struct References: Sendable {
    public let keyPixel: BankMemory
    public let valuePixel: BankMemory
    /// Four heads of 16 numbers each, side by side.
    public let keyHeads: BankMemory
    public let valueHeads: BankMemory
    /// (M) float32: the teacher's disparity, 0 to 1.
    public let disparity: BankMemory

    public init(
      keyPixel: BankMemory, valuePixel: BankMemory, keyHeads: BankMemory, valueHeads: BankMemory,
      disparity: BankMemory
    ) {
      self.keyPixel = keyPixel
      self.valuePixel = valuePixel
      self.keyHeads = keyHeads
      self.valueHeads = valueHeads
      self.disparity = disparity
    }
  }

  /// The part of fusion that an image's features go through; matrices row-major, (outputs, inputs).
  public struct QuerySide: Sendable, Equatable {
    /// (64, C) and (64).
    public let pixelWeight: [Float]
    public let pixelBias: [Float]
    public let headsWeight: [Float]
    public let headsBias: [Float]
    /// (64, 64) and (64): W_o, b_o.
    public let outputWeight: [Float]
    public let outputBias: [Float]
    /// (C, 129): W_f; columns F_c, F_d, D_c.
    public let compress: [Float]

    public init(
      pixelWeight: [Float], pixelBias: [Float], headsWeight: [Float], headsBias: [Float],
      outputWeight: [Float], outputBias: [Float], compress: [Float]
    ) {
      self.pixelWeight = pixelWeight
      self.pixelBias = pixelBias
      self.headsWeight = headsWeight
      self.headsBias = headsBias
      self.outputWeight = outputWeight
      self.outputBias = outputBias
      self.compress = compress
    }
  }

  /// Numbers of a key or value, of both paths.
  public static let width = 64
  public static let headCount = 4
  /// Numbers of one head.
  public static let headWidth = width / headCount
  /// Columns of the compression: F_c, F_d, D_c.
  public static let compressColumns = 2 * width + 1

  /// The first 16 hexadecimal digits of the file's SHA-256.
  public let id: String
  /// M.
  public let count: Int
  /// C of f_s.
  public let featureChannels: Int
  /// For people.
  public var summary: String { "\(id), \(count) references" }
  public let storage: Storage
  public let references: References
  public let querySide: QuerySide
  /// How it answers frames of its domain; nil when nobody measured.
  public let domain: RetrievalDomain?

  /// - Precondition: shapes agree with `storage`, the number of disparities and `featureChannels`; M is at least 1.
  public init(
    id: String, featureChannels: Int, storage: Storage, references: References,
    querySide: QuerySide, domain: RetrievalDomain? = nil
  ) {
    self.domain = domain
    self.id = id
    self.featureChannels = featureChannels
    self.storage = storage
    self.references = references
    self.querySide = querySide
    count = references.disparity.bytes.count / MemoryLayout<Float>.stride
    let rows = count * Self.width * storage.byteCount
    precondition(count > 0, "a bank needs a reference")
    precondition(
      [references.keyPixel, references.valuePixel, references.keyHeads, references.valueHeads]
        .allSatisfy { $0.bytes.count == rows }, "keys and values are (M, 64)")
    precondition(
      querySide.pixelWeight.count == Self.width * featureChannels
        && querySide.headsWeight.count == Self.width * featureChannels
        && querySide.outputWeight.count == Self.width * Self.width
        && querySide.compress.count == Self.compressColumns * featureChannels
        && [querySide.pixelBias, querySide.headsBias, querySide.outputBias]
          .allSatisfy { $0.count == Self.width },
      "the query side is of other shapes")
  }
}
