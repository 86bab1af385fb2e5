import Glibc
import Platform
import Quantities
import TestSupport
import Testing

struct LockFileTests {
  @Test func `a second holder is refused and told who holds the lock`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("endpoint.lock")
    let first = try LockFile(path: path)
    do {
      _ = try LockFile(path: path)
      Issue.record("the lock was given twice")
    } catch .heldByAnotherProcess(let processID) {
      #expect(processID == getpid())
    } catch {
      Issue.record("refused for another reason: \(error)")
    }
    _ = consume first
  }

  @Test func `the lock is free again when its holder goes away`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("endpoint.lock")
    for _ in 0..<3 { _ = try LockFile(path: path) }
  }

  @Test func `a folder that does not exist is named as the system names it`() {
    do {
      _ = try LockFile(path: "/nonexistent-folder/endpoint.lock")
      Issue.record("a lock in a missing folder")
    } catch .system(let reason) {
      #expect(reason.code == ENOENT)
      #expect(reason.description.contains("No such file"))
    } catch {
      Issue.record("refused for another reason: \(error)")
    }
  }
}
