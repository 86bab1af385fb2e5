import Quantities

/// Why a reload is not carried out: every reason in words of its own.
package struct ReloadRefusal: Error, Equatable {
  package let reasons: [String]

  init(_ reasons: [String]) {
    self.reasons = reasons
  }

  init(_ error: some ReportableError) {
    reasons = [error.description]
  }
}
