import Scale
import Testing

struct ExpectedScaleTests {
  private func expected(after looks: [Float], from initial: Float = 0) -> Float {
    var expected = ExpectedScale(initial: initial)
    for look in looks { expected.hear(look) }
    return expected.logScale
  }

  @Test(arguments: [Float(-1.1), 0, 0.7])
  func `the first looks are believed as they are, whatever was guessed`(initial: Float) {
    #expect(abs(expected(after: [0.3], from: initial) - 0.3) < 1e-6)
    #expect(abs(expected(after: [0.3, 0.5, 0.1, 0.3], from: initial) - 0.3) < 1e-6)
  }

  @Test
  func `a car that fills the view does not take the next look with it`() {
    let before = expected(after: [0, 0, 0, 0])
    let after = expected(after: [0, 0, 0, 0, 0.7])
    #expect(before == 0 && abs(after - 0.06) < 1e-6)
  }

  @Test
  func `what many looks say is followed in the end`() {
    let looks = [Float](repeating: 0, count: 4) + [Float](repeating: 0.7, count: 20)
    #expect(abs(expected(after: looks) - 0.7) < 0.01)
  }
}
