import Foundation
import TensorFiles

/// A bundle folder whose every file but the prior bank has been read and vouched for by its SHA-256.
struct BundleFolder {
  static let manifestName = "bundle.json"

  let path: String
  let manifest: BundleManifest
  /// SHA-256 of `bundle.json` itself, which names every other file's: one hash for the whole bundle.
  let hash: String
  private let contents: [String: [UInt8]]

  /// - Throws: `.unreadable`, `.badManifest`, `.unsupportedFormat`, `.missingFile`, `.strayFile`, `.wrongHash`.
  init(path: String) throws(ModelBundleError) {
    let manifestPath = path + "/" + Self.manifestName
    let json = try readFile(manifestPath)
    manifest = try BundleManifest(json: Data(json), path: manifestPath)
    hash = SHA256.hexadecimal(of: json)
    self.path = path
    var contents: [String: [UInt8]] = [:]
    for (name, expected) in manifest.files.sorted(by: { $0.key < $1.key }) {
      // A bank is large, may be left out, and is checked when it is loaded.
      if name == PriorBankFormat.fileName { continue }
      let file = path + "/" + name
      guard !name.contains("/"), FileManager.default.fileExists(atPath: file) else {
        throw .missingFile(path: file)
      }
      let bytes = try readFile(file)
      let found = SHA256.hexadecimal(of: bytes)
      guard found == expected.lowercased() else {
        throw .wrongHash(path: file, expected: expected, found: found)
      }
      contents[name] = bytes
    }
    self.contents = contents
    try refuseStrays()
  }

  /// The bytes of a file that a usable bundle must have.
  func require(_ name: String) throws(ModelBundleError) -> [UInt8] {
    guard let bytes = contents[name] else {
      throw .badManifest(path: path + "/" + Self.manifestName, reason: "files does not list \(name)")
    }
    return bytes
  }

  /// A file that a bundle may have, checked and read as named tensors; nil when it has none.
  func tensors(_ name: String) throws(ModelBundleError) -> TensorFile? {
    guard let bytes = contents[name] else { return nil }
    do { return try TensorFile(bytes, name: path + "/" + name) } catch { throw .tensors(error) }
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
func readFile(_ path: String) throws(ModelBundleError) -> [UInt8] {
  // Read into its place: networks are large, and a second copy counts in the process's peak memory.
  guard let file = fopen(path, "rb") else { throw .unreadable(path: path, reason: systemReason()) }
  defer { fclose(file) }
  var status = stat()
  guard fstat(fileno(file), &status) == 0 else { throw .unreadable(path: path, reason: systemReason()) }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw .unreadable(path: path, reason: "it is no regular file")
  }
  let size = Int(status.st_size)
  let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = fread(buffer.baseAddress, 1, size, file)
  }
  guard bytes.count == size, ferror(file) == 0 else {
    throw .unreadable(path: path, reason: "only \(bytes.count) of its \(size) bytes could be read")
  }
  return bytes
}

private func systemReason() -> String { String(cString: strerror(errno)) }
