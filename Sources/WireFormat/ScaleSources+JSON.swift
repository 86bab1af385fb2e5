public import Quantities

extension ScaleSources {
  func encode(_ key: StaticString, into writer: inout ByteWriter) {
    writer.beginArray(key)
    for row in Self.words where contains(row.source) { writer.element(literal: row.word) }
    writer.endArray()
  }
}

extension ScaleSources: Decodable {
  public init(from decoder: any Decoder) throws {
    self.init(names: try decoder.singleValueContainer().decode([String].self))
  }
}
