import Glibc

/// Repeats `condition` until it holds, for at most three seconds.
public func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<300 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}
