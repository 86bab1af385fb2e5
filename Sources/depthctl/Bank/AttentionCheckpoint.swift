// What `depthctl bank select` has summed so far, so that an interrupted run goes on.
import Foundation
import ModelBundle
import Platform

/// The weights after a number of whole passes over the bank. Sums go on where they were, so an interrupted run gives
/// the same bytes as one in a piece.
struct AttentionCheckpoint {
  let path: String
  /// What the sums belong to: 64 hexadecimal digits.
  private let key: String
  private(set) var framesDone = 0
  private(set) var weights: [Double]

  private static let headLength = 64 + 8

  /// Begins anew, or with what is stored for the same inputs.
  ///
  /// - Parameters:
  ///   - inputs: all that the sums depend on.
  ///   - frames: how many there are to be done; what claims to have done more is damaged.
  init(path: String, inputs: [String], references: Int, frames: Int) {
    self.path = path
    key = SHA256.hexadecimal(of: Array(inputs.joined(separator: "\n").utf8))
    weights = [Double](repeating: 0, count: references)
    guard let stored = FileManager.default.contents(atPath: path),
      stored.count == Self.headLength + 8 * references, stored.prefix(64) == Data(key.utf8)
    else { return }
    stored.withUnsafeBytes { bytes in
      let done = bytes.loadUnaligned(fromByteOffset: 64, as: Int64.self)
      guard (1..<Int64(frames)).contains(done) else { return }
      framesDone = Int(done)
      for index in weights.indices {
        weights[index] = bytes.loadUnaligned(fromByteOffset: Self.headLength + 8 * index, as: Double.self)
      }
    }
  }

  /// Takes in a pass and stores it, if anything is left to be done.
  mutating func add(_ pass: [Double], framesDone: Int, of frames: Int) throws {
    for index in weights.indices { weights[index] += pass[index] }
    self.framesDone = framesDone
    guard framesDone < frames else { return }
    var bytes = Array(key.utf8)
    withUnsafeBytes(of: Int64(framesDone)) { bytes += $0 }
    weights.withUnsafeBytes { bytes += $0 }
    try AtomicFile.write(bytes, to: path)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
