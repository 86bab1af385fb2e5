import Glibc

/// Other programs of this machine.
enum Child {
  /// Starts one with its output appended to a file; nil when that cannot be done.
  static func start(_ words: [String], log: String) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in [1, 2] {
      posix_spawn_file_actions_addopen(&actions, descriptor, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var id: pid_t = 0
    return posix_spawn(&id, words[0], &actions, nil, arguments, environ) == 0 ? id : nil
  }

  /// Ends one and waits until it is gone.
  static func end(_ id: pid_t) {
    kill(id, SIGKILL)
    waitpid(id, nil, 0)
  }

  /// Runs a command line to its end: exit code and everything it printed.
  static func run(_ line: String) -> (code: Int32, output: String) {
    guard let pipe = popen(line + " 2>&1", "r") else { return (-1, "popen") }
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while fread(&byte, 1, 1, pipe) == 1 { bytes.append(byte) }
    return (pclose(pipe) >> 8 & 0xFF, String(decoding: bytes, as: UTF8.self))
  }
}
