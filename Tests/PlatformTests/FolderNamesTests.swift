import Glibc
import Platform
import TestSupport
import Testing

@Suite struct FolderNamesTests {
  @Test func `a folder's names come without the two that every folder has`() throws {
    let folder = try TemporaryFolder()
    #expect(FolderNames.list(folder.path) == [])
    let names = ["a", ".hidden", "ä ö", String(repeating: "x", count: 255)]
    for name in names {
      _ = try FileDescriptor(path: folder.file(name), flags: O_CREAT | O_WRONLY, permissions: 0o600)
    }
    #expect(FolderNames.list(folder.path)?.sorted() == names.sorted())
  }

  @Test func `a folder that cannot be read is told from an empty one`() {
    #expect(FolderNames.list("/nowhere/at/all") == nil)
    #expect(FolderNames.list("/dev/null") == nil)
  }
}
