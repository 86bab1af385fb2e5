public import Quantities
import TOMLKit

/// What `drive.toml` says about a drive.
public struct DriveManifest: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// Frames of one camera in motion, at a steady rate.
    case sequence
    /// Frames of one camera with large motion between them.
    case sparseSequence = "sparse sequence"
    /// Single moments without relation.
    case stills
  }

  public var name: String
  public var kind: Kind
  public var size: ImageSize
  /// Frames per second; 0 = unknown.
  public var nominalRateHz: Double
  public var licence: String
  public var origin: String
  public var note: String
  public var cameraHeightMeters: Double?
  public var stereoBaselineMeters: Double?
  public var frameCount: Int

  public init(
    name: String, kind: Kind, size: ImageSize, nominalRateHz: Double = 0, licence: String = "",
    origin: String = "", note: String = "", cameraHeightMeters: Double? = nil,
    stereoBaselineMeters: Double? = nil, frameCount: Int = 0
  ) {
    self.name = name
    self.kind = kind
    self.size = size
    self.nominalRateHz = nominalRateHz
    self.licence = licence
    self.origin = origin
    self.note = note
    self.cameraHeightMeters = cameraHeightMeters
    self.stereoBaselineMeters = stereoBaselineMeters
    self.frameCount = frameCount
  }

  /// Reads the text of a `drive.toml`.
  /// - Parameter path: for messages only.
  package init(text: String, path: String) throws(DriveError) {
    let table: TOMLTable
    do { table = try TOMLTable(string: text) } catch let error as TOMLParseError {
      throw .badText(path: path, line: error.source.begin.line, reason: "not TOML: \(error.description)")
    } catch {
      throw .badText(path: path, line: nil, reason: "not TOML: \(error)")
    }
    let keys = ManifestKeys(table: table, path: path)
    name = try keys.text("name") ?? ""
    let kindText = try keys.text("kind") ?? Kind.sequence.rawValue
    guard let kind = Kind(rawValue: kindText) else {
      let known = Kind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw .badText(path: path, line: nil, reason: "kind is \"\(kindText)\"; it must be one of \(known)")
    }
    self.kind = kind
    size = ImageSize(width: try keys.count("width", from: 1), height: try keys.count("height", from: 1))
    frameCount = try keys.count("frames", from: 0)
    nominalRateHz = try keys.number("nominal_rate_hz", from: 0) ?? 0
    licence = try keys.text("licence") ?? ""
    origin = try keys.text("origin") ?? ""
    note = try keys.text("note") ?? ""
    cameraHeightMeters = try keys.number("camera_height_m", from: 0)
    stereoBaselineMeters = try keys.number("stereo_baseline_m", from: 0)
  }

  /// The text of a `drive.toml`.
  package var text: String {
    let table = TOMLTable()
    table["name"] = name
    table["kind"] = kind.rawValue
    table["width"] = size.width
    table["height"] = size.height
    table["nominal_rate_hz"] = nominalRateHz
    table["licence"] = licence
    table["origin"] = origin
    table["note"] = note
    table["frames"] = frameCount
    if let cameraHeightMeters { table["camera_height_m"] = cameraHeightMeters }
    if let stereoBaselineMeters { table["stereo_baseline_m"] = stereoBaselineMeters }
    return table.convert(to: .toml) + "\n"
  }
}

/// Typed access to the keys of a manifest.
private struct ManifestKeys {
  let table: TOMLTable
  let path: String

  func text(_ key: String) throws(DriveError) -> String? {
    guard let value = table[key] else { return nil }
    guard let text = value.string else { throw wrongType(key, "a text") }
    return text
  }

  func number(_ key: String, from least: Double) throws(DriveError) -> Double? {
    guard let value = table[key] else { return nil }
    guard let number = value.double ?? value.int.map(Double.init) else { throw wrongType(key, "a number") }
    guard number >= least, number.isFinite else {
      throw .badText(path: path, line: nil, reason: "\(key) is \(number); it must be at least \(least)")
    }
    return number
  }

  func count(_ key: String, from least: Int) throws(DriveError) -> Int {
    guard let value = table[key] else {
      throw .badText(path: path, line: nil, reason: "the key \(key) is missing")
    }
    guard let number = value.int else { throw wrongType(key, "a whole number") }
    guard number >= least, number <= 1 << 30 else {
      throw .badText(path: path, line: nil, reason: "\(key) is \(number); it must be at least \(least)")
    }
    return number
  }

  private func wrongType(_ key: String, _ wanted: String) -> DriveError {
    .badText(path: path, line: nil, reason: "\(key) must be \(wanted)")
  }
}
