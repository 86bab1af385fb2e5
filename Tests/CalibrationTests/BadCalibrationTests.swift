import Calibration
import Geometry
import Quantities
import Testing

@Suite struct BadCalibrationTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    let replace: String
    let with: String
    let line: Int?
    let words: [String]
    var testDescription: String { with.isEmpty ? "without \(replace)" : with }

    init(_ replace: String, _ with: String, line: Int?, _ words: String...) {
      self.replace = replace
      self.with = with
      self.line = line
      self.words = words
    }
  }

  static let faults = [
    Fault("420.5", ".nan", line: 7, "camera_matrix.data[0]", "NaN"),
    Fault("420.5", "nan", line: 7, "NaN"),
    Fault("420.5", ".inf", line: 7, "infinite"),
    Fault("420.5", "0", line: 5, "fx is 0", "above zero"),
    Fault("420.5", "-420", line: 5, "fx is -420"),
    Fault("420.5", "wide", line: 7, "camera_matrix.data[0]", "\"wide\""),
    Fault(
      "[420.5, 0., 319.5, 0., 421.25, 239.5, 0., 0., 1.]", "[0, 0, 0, 0, 0, 0, 0, 0, 0]", line: 5,
      "all zero", "not calibrated"),
    Fault("0.0005, -3.0e-4, 0.]", "0.0005, -3.0e-4]", line: 10, "4 numbers", "1x5"),
    Fault("plumb_bob", "equidistant", line: 10, "equidistant has 4 coefficients (k1 k2 k3 k4), found 5"),
    Fault("plumb_bob", "fisheye624", line: 8, "fisheye624", "rational_polynomial"),
    Fault("image_width: 640", "image_width: 640.5", line: 1, "whole number"),
    Fault("image_width: 640", "image_width: 0", line: 1, "image_width is 0"),
    Fault("image_height: 480\n", "", line: 1, "image_height is missing"),
    Fault("data: [1., 0., 0., 0., 1.", "data: [1., 0., 0., 0., 2.", line: 14, "no rotation"),
    Fault("cols: 4", "cols: 3", line: 18, "projection_matrix is 3x3", "3x4"),
    Fault("data: [380.", "data: [.nan", line: 20, "projection_matrix.data[0] is NaN"),
  ]

  @Test(arguments: faults) func `a wrong value is named with its line`(_ fault: Fault) throws {
    let text = rosFile.replacing(fault.replace, with: fault.with)
    #expect(text != rosFile)
    let found = problems(of: text)
    #expect(found.count == 1)
    let problem = try #require(found.first)
    for word in fault.words { #expect(problem.text.contains(word), "\(problem)") }
    if let line = fault.line { #expect(abs((problem.line ?? -9) - line) <= 1, "\(problem)") }
  }

  @Test func `everything wrong at once is listed at once`() {
    let text = rosFile.replacing("420.5", with: "0").replacing("-0.28", with: ".nan")
      .replacing("image_width: 640\n", with: "").replacing("cols: 4", with: "cols: 5")
    #expect(problems(of: text).count == 4)
  }

  @Test func `a file that is no YAML is told apart, with the line`() {
    let text = rosFile.replacing("  rows: 3\n", with: "\t rows: 3\n")
    #expect {
      try CalibrationFile.parse(text, file: "front.yaml")
    } throws: { error in
      guard case .unparsable("front.yaml", let line?, _) = error as? CalibrationError else { return false }
      return (4...6).contains(line)
    }
  }

  @Test(arguments: ["", "\n# nothing\n", "just words", "- 1\n- 2\n"])
  func `a file without keys is unparsable, not invalid`(_ text: String) {
    #expect {
      try CalibrationFile.parse(text, file: "front.yaml")
    } throws: { error in
      guard case .unparsable = error as? CalibrationError else { return false }
      return true
    }
  }

  @Test func `the three kinds of failure read differently`() {
    let errors: [CalibrationError] = [
      .missing(file: "front.yaml"), .unreadable(file: "front.yaml", reason: "Permission denied"),
      .unparsable(file: "front.yaml", line: 3, problem: "found a tab"),
      .invalid(file: "front.yaml", problems: [CalibrationProblem(line: 7, text: "fx is 0")]),
    ]
    let texts = errors.map(\.description)
    #expect(texts[0].contains("does not exist"))
    #expect(texts[1].contains("cannot be read") && texts[1].contains("Permission denied"))
    #expect(texts[2].contains("not valid YAML at line 3"))
    #expect(texts[3].contains("line 7: fx is 0"))
  }

  @Test func `implausible numbers are warnings`() throws {
    func warnings(_ text: String) throws -> [CalibrationWarning] {
      try CalibrationFile.parse(text, file: "front.yaml").warnings
    }
    let squeezed = try warnings(rosFile.replacing("421.25", with: "300"))
    #expect(squeezed.count == 1 && "\(squeezed[0])".contains("fx and fy differ"))
    let offCentre = try warnings(rosFile.replacing("319.5", with: "500"))
    #expect(offCentre.contains { "\($0)".contains("principal point") })
    let folding = try warnings(rosFile.replacing("-0.28", with: "-0.9"))
    #expect(folding.contains { "\($0)".contains("folds back") })
    let unknown = try warnings(rosFile + "reprojection_error: 0.2\n")
    #expect(unknown == [.unknownKey(name: "reprojection_error", line: 21)])
  }
}
