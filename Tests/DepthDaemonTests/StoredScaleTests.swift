import DepthDaemon
import Foundation
import Quantities
import Scale
import Testing

struct StoredScaleTests {
  private let key = ScaleKey(
    camera: "front v4l2:usb:1-2", calibration: "c0ffee01", model: String(repeating: "ab", count: 32),
    bank: "bundle", resolution: "416x128", mount: "0.4 5.0 0.0 0.0 0.1 0.0")
  private let now = WallTime(nanoseconds: 1_800_000_000_000_000_000)

  private func stored(logScale: Double = 0.2, logSigma: Double = 0.03, daysAgo: Double = 0) -> StoredScale {
    StoredScale(
      key: key, logScale: logScale, logSigma: logSigma, observations: 900, sources: ["photometric"],
      time: 1_800_000_000 - 86400 * daysAgo, confirmed: nil)
  }

  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "stored-scale-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  @Test
  func `a stored scale comes back with the doubt that time brings`() throws {
    let folder = try folder()
    try stored(daysAgo: 4).save(stateDirectory: folder)
    let loaded = try #require(try StoredScale.load(stateDirectory: folder))
    #expect(loaded == stored(daysAgo: 4))
    let prior = try loaded.aged(for: key, now: now)
    #expect(prior.logScale == 0.2)
    #expect(abs(prior.logSigma - (0.03 * 0.03 + 0.05 * 0.05 + 4 * 0.02 * 0.02).squareRoot()) < 1e-12)
  }

  @Test
  func `no file is no refusal`() throws {
    #expect(try StoredScale.load(stateDirectory: try folder()) == nil)
  }

  @Test
  func `a file cut off anywhere is refused`() throws {
    let folder = try folder()
    try stored().save(stateDirectory: folder)
    let path = folder + "/" + StoredScale.fileName
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in stride(from: 0, to: whole.count - 1, by: 7) {
      try whole.prefix(count).write(to: URL(fileURLWithPath: path))
      #expect(throws: StoredScale.Refusal.self) { try StoredScale.load(stateDirectory: folder) }
    }
  }

  @Test
  func `a scale of another model, resolution or mount is refused and says what differs`() throws {
    var other = key
    other.resolution = "640x192"
    other.mount = "unknown"
    let refusal = #expect(throws: StoredScale.Refusal.self) { try stored().aged(for: other, now: now) }
    let text = refusal?.description ?? ""
    #expect(text.contains("resolution was 416x128, is 640x192") && text.contains("mount"))
  }

  @Test(arguments: [(Double.nan, 0.03), (6.0, 0.03), (0.2, -1), (0.2, 5), (0.2, Double.infinity)])
  func `an absurd scale is refused`(logScale: Double, logSigma: Double) {
    #expect(throws: StoredScale.Refusal.self) {
      try stored(logScale: logScale, logSigma: logSigma).aged(for: key, now: now)
    }
  }

  @Test(arguments: [31.0, -2.0])
  func `a scale of long ago or of the future is refused`(daysAgo: Double) {
    #expect(throws: StoredScale.Refusal.self) { try stored(daysAgo: daysAgo).aged(for: key, now: now) }
  }

  @Test
  func `a restart goes on locked with its first pipeline, and wider`() throws {
    let folder = try folder()
    var stored = stored()
    stored.time = Date().timeIntervalSince1970 - 60
    try stored.save(stateDirectory: folder)
    let keeper = ScaleKeeper(stateDirectory: folder)
    keeper.follow(key, prior: ScalePrior(logScale: 0, logSigma: 0.3), settings: ScaleSettings())
    let estimate = try #require(keeper.advance(ScaleMotion(time: MonotonicTime(seconds: 1))))
    #expect(estimate.state == .locked && estimate.sources == .photometric)
    #expect(abs(estimate.value - exp(0.2)) < 1e-9 && estimate.logSigma > 0.09)
    #expect(keeper.takeNotices().map(\.kind) == [.restored])
  }

  @Test
  func `a scale survives other models in between, and a constant switches learning off`() throws {
    let keeper = ScaleKeeper(stateDirectory: try folder())
    let prior = ScalePrior(logScale: 0, logSigma: 0.3)
    keeper.follow(key, prior: prior, settings: ScaleSettings())
    #expect(keeper.set(ScalePrior(logScale: 0.3, logSigma: 0.02), at: MonotonicTime(seconds: 1)))
    var other = key
    other.model = "another"
    keeper.follow(other, prior: prior, settings: ScaleSettings())
    #expect(keeper.scaleState == .unscaled)
    keeper.follow(key, prior: prior, settings: ScaleSettings())
    #expect(keeper.scaleState == .locked)
    keeper.follow(nil, prior: prior, settings: ScaleSettings())
    #expect(!keeper.isLearning && keeper.advance(ScaleMotion(time: MonotonicTime(seconds: 2))) == nil)
  }
}
