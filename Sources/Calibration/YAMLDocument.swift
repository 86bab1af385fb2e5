import Yams

/// The step from text to a YAML mapping, with the errors of a person's file.
enum YAMLDocument {
  /// - Throws: `.unparsable` if the text is no YAML, is empty or holds no keys.
  static func mapping(of text: String, file: String) throws(CalibrationError) -> Node.Mapping {
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch let error as YamlError {
      throw unparsable(error, text: text, file: file)
    } catch {
      throw .unparsable(file: file, line: nil, problem: "\(error)")
    }
    guard let root else {
      throw .unparsable(file: file, line: nil, problem: "the file is empty")
    }
    guard let mapping = root.mapping else {
      throw .unparsable(file: file, line: root.mark?.line, problem: "it holds no keys")
    }
    return mapping
  }

  private static func unparsable(_ error: YamlError, text: String, file: String) -> CalibrationError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return .unparsable(file: file, line: mark.line, problem: "\(problem), column \(mark.column)")
    case .reader(let problem, let offset, _, _):
      let line = offset.map { text.prefix($0).split(separator: "\n", omittingEmptySubsequences: false).count }
      return .unparsable(file: file, line: line, problem: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.joined(separator: ", ")
      return .unparsable(file: file, line: context.mark.line, problem: "\(keys) stands there twice")
    default:
      return .unparsable(file: file, line: nil, problem: "\(error)")
    }
  }
}
