import Foundation
import Inference
import TensorFiles

/// A bundle folder whose every file but the prior bank is opened and vouched for by its SHA-256.
struct BundleFolder {
  static let manifestName = "bundle.json"

  let path: String
  let manifest: BundleManifest
  /// SHA-256 of `bundle.json` itself, which names every other file's: one hash for the whole bundle.
  let hash: String
  let files: [String: ReadableFile]

  /// - Throws: `.unreadable`, `.badManifest`, `.unsupportedFormat`, `.missingFile`, `.strayFile`, `.wrongHash`.
  init(path: String) throws(ModelBundleError) {
    let manifestPath = path + "/" + Self.manifestName
    let json = try ReadableFile(path: manifestPath).bytes()
    manifest = try BundleManifest(json: Data(json), path: manifestPath)
    hash = SHA256.hexadecimal(of: json)
    self.path = path
    var files: [String: ReadableFile] = [:]
    for (name, expected) in manifest.files.sorted(by: { $0.key < $1.key }) {
      // A bank is large, may be left out, and is checked when it is loaded.
      if name == PriorBankFormat.fileName { continue }
      let filePath = path + "/" + name
      guard !name.contains("/"), FileManager.default.fileExists(atPath: filePath) else {
        throw .missingFile(path: filePath)
      }
      let file = try ReadableFile(path: filePath)
      let found = try file.hash()
      guard found == expected.lowercased() else {
        throw .wrongHash(path: filePath, expected: expected, found: found)
      }
      files[name] = file
    }
    self.files = files
    try refuseStrays()
  }

  /// The network of a file that a usable bundle must have.
  func network(_ name: String) throws(ModelBundleError) -> Model {
    guard let file = files[name] else {
      throw .badManifest(path: path + "/" + Self.manifestName, reason: "files does not list \(name)")
    }
    return try file.network()
  }

  /// A file that a bundle may have, checked and read as named tensors; nil when it has none.
  func tensors(_ name: String) throws(ModelBundleError) -> TensorFile? {
    guard let file = files[name] else { return nil }
    let bytes = try file.bytes()
    try file.requireUnchanged()
    do { return try TensorFile(bytes, name: file.path) } catch { throw .tensors(error) }
  }

  private func refuseStrays() throws(ModelBundleError) {
    let present = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let known = Set(manifest.files.keys).union([Self.manifestName])
    if let stray = present.sorted().first(where: { !known.contains($0) && !$0.hasPrefix(".") }) {
      throw .strayFile(path: path + "/" + stray)
    }
  }
}

/// All bytes of a file.
