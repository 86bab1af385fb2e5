import Glibc
import Platform
import Quantities

/// A whole file in memory that is reused from file to file.
struct FileBytes {
  private(set) var bytes: [UInt8] = []

  /// Replaces the content with the file's.
  mutating func read(_ path: String) throws(DriveError) {
    let descriptor = try openFile(path, flags: O_RDONLY, action: "open")
    var status = stat()
    guard fstat(descriptor.raw, &status) == 0 else {
      throw .file(path: path, action: "examine", .current)
    }
    bytes.removeAll(keepingCapacity: true)
    bytes.reserveCapacity(Int(status.st_size) + 1)
    let chunk = max(4096, Int(status.st_size) + 1)
    while true {
      let old = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: chunk))
      let count = bytes.withUnsafeMutableBytes { memory in
        retrying { Glibc.read(descriptor.raw, memory.baseAddress.map { $0 + old }, chunk) }
      }
      guard count >= 0 else { throw .file(path: path, action: "read", .current) }
      bytes.removeLast(chunk - count)
      if count == 0 { return }
    }
  }

  static func text(of path: String) throws(DriveError) -> String {
    var file = FileBytes()
    try file.read(path)
    return String(decoding: file.bytes, as: UTF8.self)
  }
}

private func openFile(_ path: String, flags: Int32, action: String) throws(DriveError) -> FileDescriptor {
  do { return try FileDescriptor(path: path, flags: flags, permissions: 0o644) } catch {
    throw .file(path: path, action: action, error)
  }
}

/// Repeats a system call while a signal interrupts it.
func retrying(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// A text or image file being written.
struct FileOutput: ~Copyable {
  let path: String
  private let descriptor: FileDescriptor

  /// - Parameter appending: keep what the file holds, else start with an empty file.
  init(_ path: String, appending: Bool = false) throws(DriveError) {
    let flags = O_WRONLY | O_CREAT | (appending ? O_APPEND : O_TRUNC)
    self.descriptor = try openFile(path, flags: flags, action: "create")
    self.path = path
  }

  borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(DriveError) {
    var done = 0
    while done < bytes.count {
      let count = retrying {
        Glibc.write(descriptor.raw, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      }
      guard count > 0 else { throw .file(path: path, action: "write", .current) }
      done += count
    }
  }

  borrowing func write(_ text: String) throws(DriveError) {
    try write(Array(text.utf8))
  }

  borrowing func write(_ bytes: [UInt8]) throws(DriveError) {
    try bytes.withUnsafeBufferPointer { (memory) throws(DriveError) in
      try write(UnsafeRawBufferPointer(memory))
    }
  }

  /// Forces the content to the disk.
  borrowing func synchronize() throws(DriveError) {
    guard fsync(descriptor.raw) == 0 else { throw .file(path: path, action: "flush", .current) }
  }
}

/// Creates a folder and those above it.
func makeDirectory(_ path: String) throws(DriveError) {
  if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
  guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
    throw .file(path: path, action: "create folder", .current)
  }
  try makeDirectory(String(path[..<slash]))
  guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
    throw .file(path: path, action: "create folder", .current)
  }
}

/// Replaces a file in one step: a reader sees the old content or the new, never a part.
func replaceFile(_ path: String, with text: String) throws(DriveError) {
  let temporary = path + ".new"
  let output = try FileOutput(temporary)
  try output.write(text)
  try output.synchronize()
  guard rename(temporary, path) == 0 else { throw .file(path: path, action: "replace", .current) }
}

func fileExists(_ path: String) -> Bool {
  access(path, F_OK) == 0
}
