import Configuration
import Testing

/// Where errors point to, in texts written to confuse a scanner.
@Suite struct PositionTests {
  /// The place of the only problem: the value of `camera.width`, which is out of range.
  private func place(_ toml: String) -> TextPosition? {
    do {
      _ = try Configuration(toml: toml, file: "config.toml")
      return nil
    } catch {
      guard case .invalid(_, let problems) = error, problems.count == 1 else {
        Issue.record("another error than expected: \(error)")
        return nil
      }
      return problems.first?.position
    }
  }

  @Test(arguments: [
    ("[camera]\nwidth = 1", 2, 9),
    ("[camera]\r\nname = 'x'\r\nwidth = 1\r\n", 3, 9),
    ("camera.width=1", 1, 14),
    ("[ camera ]\n\twidth\t=\t1", 2, 10),
    ("[\"camera\"]\n'width' = 1", 2, 11),
    ("camera = { name = \"a\", width = 1 }", 1, 32),
    ("[camera]\nname = \"a\" # width = 3 [x] \"\nwidth = 1", 3, 9),
    ("[camera]\ncalibration = '''\n[camera]\nwidth = 5\n'''\nwidth = 1", 6, 9),
    ("[camera]\ncalibration = \"\"\"a\\\"\"\" [b] \\\\\"\"\"\nwidth = 1", 3, 9),
    ("[camera]\ncalibration = \"a ] } , # \\\" b\"\nwidth = 1", 3, 9),
    ("[model]\npinned_cores = [ 1, # one ]\n 2,\n]\n[camera]\nwidth = 1", 6, 9),
    ("[camera.controls]\n\"odd [name]\" = 3\n[camera]\nwidth = 1", 4, 9),
    ("[camera]\ncalibration = \"äöü😀\" \nwidth = 1", 3, 9),
    ("camera = { calibration = \"äöü😀\", width = 1 }", 1, 42),
    ("[drive]\nloop = false\n[camera]\nframe_id=\"w\"\nwidth = 0x01", 5, 9),
    ("[camera]\nname = \"\\u0061\"\nwidth = +1", 3, 9),
  ]) func `a wrong value is found where it stands`(_ toml: String, _ line: Int, _ column: Int) {
    #expect(place(toml) == TextPosition(line: line, column: column))
  }

  @Test func `elements of lists and tables have places of their own`() {
    #expect(place("model.pinned_cores = [1, 2,\n  [3], 4]") == TextPosition(line: 2, column: 3))
    #expect(place("camera.controls = { a = 1, b = 'x' }") == TextPosition(line: 1, column: 32))
  }

  @Test(arguments: 0..<200) func `cutting the shipped file anywhere never gives an unplaced error`(
    _ index: Int
  ) throws {
    let text = try Repository.text("config.toml")
    let cut = String(text.prefix(text.count * index / 200))
    do {
      _ = try Configuration(toml: cut, file: "config.toml")
    } catch {
      switch error {
      case .unparsable(_, let position, _):
        let lines = cut.split(separator: "\n", omittingEmptySubsequences: false).count
        #expect(position.line >= 1 && position.line <= lines + 1)
      case .invalid(_, let problems):
        #expect(problems.allSatisfy { $0.position != nil })
      case .missing, .unreadable:
        Issue.record("no file was read")
      }
    }
  }
}
