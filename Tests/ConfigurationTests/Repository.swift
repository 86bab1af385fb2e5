import Foundation

/// Files of the repository that the tests hold to their word.
enum Repository {
  static func text(_ path: String) throws -> String {
    // This file is Tests/ConfigurationTests/Repository.swift.
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }
}
