import PriorFusion
import TensorFiles

/// The references of a bank in memory, a chunk at a time, so that a bank may be larger than memory.
final class PriorBankRows {
  /// References at a time.
  static let chunk = AttentionAccumulator.chunk

  let file: PriorBankFile
  /// One per tensor of `PriorBankFormat.perReference`, in its order.
  private let tensors: [(entry: TensorHeader.Entry, rowBytes: Int, memory: UnsafeMutableRawBufferPointer)]
  private let driveNames: [[UInt8]]

  init(_ file: PriorBankFile) {
    self.file = file
    driveNames = file.metadata.drives.map { Array($0.utf8) }
    var tensors: [(TensorHeader.Entry, Int, UnsafeMutableRawBufferPointer)] = []
    for plan in PriorBankFormat.perReference(file.sizes) {
      guard let entry = file.handle.header.entries[plan.name] else {
        preconditionFailure("an opened bank has all tensors")
      }
      let rowBytes = plan.byteCount / file.count
      tensors.append(
        (
          entry, rowBytes,
          .allocate(byteCount: rowBytes * min(Self.chunk, file.count), alignment: BankMemory.alignment)
        ))
    }
    self.tensors = tensors
  }

  deinit { for tensor in tensors { tensor.memory.deallocate() } }

  /// Reads some rows of one tensor; valid until the next call for it.
  func read(_ tensor: Int, _ rows: Range<Int>) throws(ModelBundleError) -> UnsafeMutableRawBufferPointer {
    let (entry, rowBytes, memory) = tensors[tensor]
    let part = UnsafeMutableRawBufferPointer(rebasing: memory[..<(rows.count * rowBytes)])
    try file.handle.file.read(from: entry.bytes.lowerBound + rows.lowerBound * rowBytes, into: part)
    return part
  }

  /// Bytes of one reference in a tensor.
  func rowBytes(_ tensor: Int) -> Int { tensors[tensor].rowBytes }

  /// Calls `body` with each reference's fingerprint, in order: drive by name, frame, cell and all values. References
  /// with the same fingerprint are the same (128 bits of SHA-256).
  func forEachFingerprint(_ body: (Int, SIMD2<UInt64>) -> Void) throws(ModelBundleError) {
    for first in stride(from: 0, to: file.count, by: Self.chunk) {
      let rows = first..<min(file.count, first + Self.chunk)
      for tensor in tensors.indices { _ = try read(tensor, rows) }
      for row in 0..<rows.count { body(first + row, fingerprint(ofLoadedRow: row)) }
    }
  }

  private func fingerprint(ofLoadedRow row: Int) -> SIMD2<UInt64> {
    var hash = SHA256()
    for (index, tensor) in tensors.enumerated() {
      let bytes = UnsafeRawBufferPointer(
        rebasing: tensor.memory[(row * tensor.rowBytes)..<((row + 1) * tensor.rowBytes)])
      // Positions in the list of drives differ from bank to bank.
      if index == PriorBankFormat.driveTensor {
        let drive = Int(bytes.loadUnaligned(as: Int32.self))
        if driveNames.indices.contains(drive) { driveNames[drive].withUnsafeBytes { hash.update($0) } }
      } else {
        hash.update(bytes)
      }
    }
    return hash.words()
  }
}
