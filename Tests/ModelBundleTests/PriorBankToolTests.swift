// Banks that are written: joined, compared, and to the byte as training writes them.
import Foundation
import ModelBundle
import PriorFusion
import TensorFiles
import TestSupport
import Testing

@Suite struct PriorBankToolTests {
  private static let encoderHash = String(repeating: "ab", count: 32)
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bank(_ name: String, count: Int, seed: UInt64, drive: String = "street") throws
    -> PriorBankFile
  {
    var builder = BankBuilder(count: count, encoderHash: Self.encoderHash, seed: seed)
    // One query side for all, as banks of one model have.
    let model = BankBuilder(count: 1, encoderHash: Self.encoderHash, seed: 99)
    for index in builder.tensors.indices where builder.tensors[index].shape.first != count {
      builder.tensors[index].values = model.tensors[index].values
    }
    builder.metadata["drives"] = "[\\\"\(drive)\\\"]"
    let path = folder.file(name)
    try Data(builder.file).write(to: URL(fileURLWithPath: path))
    return try PriorBankFile(path: path)
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test(arguments: ["rpr-lite-m255-416x128", "diffnet-m255-float32-416x128"])
  func `a header is written as training writes it, to the byte`(name: String) throws {
    let path = CompletionBundle.vectors.appendingPathComponent("fusion-\(name)/priors.safetensors").path
    let file = try bytes(path)
    let length = try TensorHeader.length(claimedBy: file, fileLength: file.count, name: name)
    let header = try TensorHeader(file[..<length], fileLength: file.count, name: name)
    let plans = header.entries.sorted { $0.value.bytes.lowerBound < $1.value.bytes.lowerBound }
      .map { TensorHeader.Plan($0.key, $0.value.type, $0.value.shape) }
    #expect(TensorHeader.encode(plans, metadata: header.metadata) == Array(file[..<length]))
  }

  @Test func `text of any kind survives a header`() throws {
    let metadata = ["a\"b": "back\\slash", "tab": "\t\n\r\u{8}\u{C}\u{1}", "ä": "Straße, 東京"]
    let bytes = TensorHeader.encode([.init("x", .float32, [0])], metadata: metadata)
    let header = try TensorHeader(bytes, fileLength: bytes.count, name: "x")
    #expect(header.metadata == metadata && bytes.count % 64 == 0)
  }

  @Test func `a merge keeps the first's references in order, then what is new`() throws {
    let (first, second) = (
      try bank("a", count: 5000, seed: 1), try bank("b", count: 300, seed: 2, drive: "yard")
    )
    let out = folder.file("out")
    let result = try PriorBankFile.merge(first, second, to: out)
    #expect(result.references == 5300 && result.duplicates == 0)
    let (merged, before, added) = (try PriorBankFile(path: out).load(), try first.load(), try second.load())
    let keys = merged.references.keyPixel.array(of: Float16.self)
    let parts = [before, added].map { $0.references.keyPixel.array(of: Float16.self) }
    #expect(keys == parts[0] + parts[1])
    #expect(merged.querySide == before.querySide)
    #expect(try PriorBankFile(path: out).metadata.drives == ["street", "yard"])
    let again = folder.file("again")
    _ = try PriorBankFile.merge(first, second, to: again)
    #expect(try bytes(again) == bytes(out))
    #expect(try PriorBankDifference(first, PriorBankFile(path: out)).onlySecondByDrive == ["yard": 300])
  }

  @Test func `a bank merged with itself is that bank`() throws {
    let bank = try bank("a", count: 700, seed: 1)
    let out = folder.file("out")
    let result = try PriorBankFile.merge(bank, bank, to: out)
    #expect(result.references == 700 && result.duplicates == 700)
    let difference = try PriorBankDifference(bank, try PriorBankFile(path: out))
    #expect(difference.metadata.map(\.key) == ["selection"] && difference.tensors.isEmpty)
    #expect(difference.common == 700 && difference.onlyFirst == 0 && difference.onlySecond == 0)
  }

  @Test func `a merge that cannot be written leaves nothing`() throws {
    let bank = try bank("a", count: 10, seed: 1)
    let out = folder.file("no/such/folder")
    let error = #expect(throws: ModelBundleError.self) { _ = try PriorBankFile.merge(bank, bank, to: out) }
    #expect(error?.description.contains(out) == true)
  }

  @Test func `what a bank says of its domain is read, and refused when it cannot be`() throws {
    var builder = BankBuilder(count: 3, encoderHash: Self.encoderHash)
    func domain(_ entropy: String, deviation: String = "0.3") -> RetrievalDomain? {
      builder.metadata["in_domain"] =
        "{\\\"frames\\\": 12, \\\"entropy\\\": \(entropy), \\\"prior_spread\\\": [0.1, 0.2, 0.3], "
        + "\\\"best_logit\\\": [1, 2, 3.5], \\\"deviation\\\": \(deviation)}"
      let path = folder.file("domain")
      try? Data(builder.file).write(to: URL(fileURLWithPath: path))
      return try? PriorBankFile(path: path).load().domain
    }
    let found = try #require(domain("[0.4, 0.5, 0.6]"))
    #expect(found.frames == 12 && found.entropy.median == 0.5 && found.bestLogit.high == 3.5)
    #expect(found.deviation == 0.3)
    for entropy in ["[0.6, 0.5, 0.4]", "[0.5]", "0.5"] { #expect(domain(entropy) == nil, "\(entropy)") }
    #expect(domain("[0.4, 0.5, 0.6]", deviation: "0") == nil)
  }

  @Test func `ties go to the smaller index, and tenths keep their share`() {
    let even = [Double](repeating: 1, count: 25)
    let disparities = (0..<25).map { Float(25 - $0) / 100 }
    #expect(PriorBankFile.SelectionRule.top.choose(3, weights: even, disparities: disparities) == [0, 1, 2])
    #expect(PriorBankFile.SelectionRule.top.choose(40, weights: even, disparities: disparities).count == 25)
    // All the weight at the far end: plain selection takes it, stratified takes one of each tenth.
    let far = (0..<25).map { Double($0) }
    #expect(
      PriorBankFile.SelectionRule.top.choose(10, weights: far, disparities: disparities) == Array(15..<25))
    let fair = PriorBankFile.SelectionRule.stratified.choose(10, weights: far, disparities: disparities)
    #expect(fair.count == 10 && fair.contains(where: { $0 < 3 }) && fair.contains(24))
    // numpy.array_split([24, 23, ... 0], 10): five parts of three, then five of two.
    #expect(fair == [1, 3, 5, 7, 9, 12, 15, 18, 21, 24])
    #expect(
      PriorBankFile.SelectionRule.stratified.choose(12, weights: far, disparities: disparities)
        == [1, 3, 5, 7, 9, 12, 15, 18, 21, 22, 23, 24])
  }
}
