import Foundation
import PriorFusion
import TensorFiles

/// Some references of a bank, for another one.
struct PriorBankPart {
  let file: PriorBankFile
  /// Which references, one for each.
  var isKept: [Bool]
  /// Where the drives of the file stand in the new list.
  var drives: [Int32]
}

extension PriorBankFile {
  /// Writes a bank of parts of others, which must be alike: their references in order, the query side of the first.
  /// Memory does not grow with the number of references; the file appears when it is whole.
  ///
  /// - Parameters:
  ///   - metadata: `references` and `drives` are put in.
  ///   - progress: is told how many references have been gone through, of the sum over all tensors.
  /// - Throws: `.unreadable`, `.unwritable`.
  static func write(
    _ parts: [PriorBankPart], drives: [String], metadata: [String: String], to path: String,
    progress: (Int) -> Void
  ) throws(ModelBundleError) {
    guard let first = parts.first?.file else { preconditionFailure("a bank is made of something") }
    let count = parts.reduce(0) { $0 + $1.isKept.count { $0 } }
    var sizes = first.sizes
    sizes.references = count
    var metadata = metadata
    metadata["references"] = String(count)
    metadata["drives"] = jsonList(drives)
    let writer = try TensorFileWriter(path: path, PriorBankFormat.tensors(sizes), metadata: metadata)
    var done = 0
    let sources = parts.map { PriorBankRows($0.file) }
    for tensor in PriorBankFormat.perReference(sizes).indices {
      for (part, rows) in zip(parts, sources) {
        for first in stride(from: 0, to: part.file.count, by: PriorBankRows.chunk) {
          let range = first..<min(part.file.count, first + PriorBankRows.chunk)
          let bytes = try rows.read(tensor, range)
          if tensor == PriorBankFormat.driveTensor { renumber(bytes, by: part.drives) }
          let kept = compact(bytes, rowBytes: rows.rowBytes(tensor), part.isKept[range])
          try writer.append(UnsafeRawBufferPointer(rebasing: bytes[..<kept]))
          done += range.count
          progress(done)
        }
      }
    }
    for plan in PriorBankFormat.perEncoder(sizes) {
      let tensor = try first.memory(of: plan.name)
      try withExtendedLifetime(tensor) { () throws(ModelBundleError) in try writer.append(tensor.bytes) }
    }
    try writer.finish()
  }

  /// Moves the kept rows to the beginning; returns how many bytes they are.
  private static func compact(
    _ bytes: UnsafeMutableRawBufferPointer, rowBytes: Int, _ isKept: ArraySlice<Bool>
  ) -> Int {
    var length = 0
    for (row, keep) in isKept.enumerated() where keep {
      if length != row * rowBytes {
        UnsafeMutableRawBufferPointer(rebasing: bytes[length..<(length + rowBytes)])
          .copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[(row * rowBytes)..<((row + 1) * rowBytes)]))
      }
      length += rowBytes
    }
    return length
  }

  private static func renumber(_ bytes: UnsafeMutableRawBufferPointer, by drives: [Int32]) {
    for offset in stride(from: 0, to: bytes.count, by: 4) {
      let drive = Int(bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
      if drives.indices.contains(drive) {
        bytes.storeBytes(of: drives[drive], toByteOffset: offset, as: Int32.self)
      }
    }
  }

  /// As Python's json.dumps writes it.
  private static func jsonList(_ words: [String]) -> String {
    "[" + words.map(TensorHeader.quoted).joined(separator: ", ") + "]"
  }
}
