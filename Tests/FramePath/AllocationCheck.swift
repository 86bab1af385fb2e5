import AllocationCounter
import Glibc

/// Counts heap allocations while `work` runs and says who made them.
struct AllocationCheck {
  /// Libraries whose insides are not ours to change; their allocations are listed, not judged.
  private static let libraries = ["libzmq", "libturbojpeg", "libopenblas", "libv4lconvert"]

  struct Origin {
    var thread: String
    var object: String
    var count: UInt64
    var isLibrary: Bool
  }

  /// - Parameter isOnPath: whether a thread of that name carries frames.
  static func count(isOnPath: (String) -> Bool, during work: () -> Void) -> [Origin] {
    allocation_counter_start()
    work()
    allocation_counter_stop()
    var raw = [AllocationOrigin](repeating: AllocationOrigin(), count: 256)
    let count = min(Int(allocation_counter_origins(&raw, Int32(raw.count))), raw.count)
    return raw[..<count].map { origin in
      let object = withUnsafeBytes(of: origin.object) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      return Origin(
        thread: threadName(origin.thread), object: object, count: origin.count,
        isLibrary: libraries.contains { object.hasPrefix($0) })
    }.filter { isOnPath($0.thread) }
  }

  /// How many of the allocations are of our own code.
  static func ours(_ origins: [Origin]) -> UInt64 {
    origins.filter { !$0.isLibrary }.reduce(0) { $0 + $1.count }
  }

  /// Prints the origins of `frames` frames; returns whether our own code allocated nothing.
  static func report(_ title: String, frames: Int, _ origins: [Origin]) -> Bool {
    let ours = ours(origins)
    print("\(title): \(ours) allocations of ours in \(frames) frames")
    for origin in origins.sorted(by: { $0.count > $1.count }) {
      let perFrame = (Double(origin.count) / Double(frames) * 100).rounded() / 100
      let kind = origin.isLibrary ? "inside a library" : "OURS"
      print("  \(origin.thread) \(origin.object): \(origin.count) (\(perFrame) per frame), \(kind)")
    }
    if ours > 0 { allocation_counter_print_stacks(8) }
    return ours == 0
  }

  private static func threadName(_ thread: Int32) -> String {
    guard let file = fopen("/proc/self/task/\(thread)/comm", "r") else { return "thread \(thread)" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<max(0, count - 1)], as: UTF8.self)
  }
}
