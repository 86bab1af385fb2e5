import Foundation
import Health
import Testing

@Suite struct CatalogueTests {
  @Test(arguments: DiagnosticCode.allCases) func `every code is explained`(_ code: DiagnosticCode) {
    let entry = code.explanation
    #expect(entry.cause.hasSuffix("."))
    #expect(entry.remedy.isEmpty || entry.remedy.hasSuffix(".") || entry.remedy.hasSuffix(")"))
    if entry.level.urgency > 0 { #expect(!entry.remedy.isEmpty || entry.component == .daemon) }
  }

  @Test func `codes are single lower-case words`() {
    for code in DiagnosticCode.allCases {
      #expect(code.rawValue.allSatisfy { $0 == "_" || ("a"..."z").contains($0) })
    }
  }

  @Test func `every reported component can be well or off`() {
    for component in HealthComponent.reported {
      let levels = DiagnosticCode.allCases.map(\.explanation).filter { $0.component == component }.map(
        \.level)
      #expect(levels.contains(.ok) || levels.contains(.off))
    }
  }

  @Test func `a code is recognised however it is typed`() {
    #expect(DiagnosticCode(typed: "CAMERA-BUSY") == .cameraBusy)
    #expect(DiagnosticCode(typed: "camera_busy") == .cameraBusy)
    #expect(DiagnosticCode(typed: "nonsense") == nil)
  }

  @Test func `the reference in docs is the catalogue`() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/codes.md").standardized
    #expect(try String(contentsOf: page, encoding: .utf8) == DiagnosticReference.markdown)
  }
}
