import Scale
import Testing

@Suite struct HiddenMoversTests {
  @Test(
    arguments: [
      (far: 0, near: 0, plausible: 1, quantile: 0.5),
      (far: 0.1, near: 0.1, plausible: 0.8, quantile: 0.5),
      (far: 0.1, near: 0.3, plausible: 0.6, quantile: 0.5),
      (far: 0.2, near: 0, plausible: 0.8, quantile: 0.4375),
      (far: 0.3, near: 0.1, plausible: 0.6, quantile: 0.41667),
      (far: 0.7, near: 0, plausible: 0.3, quantile: 0.25),
      (far: 1, near: 0, plausible: 0, quantile: 0.5),
    ] as [(far: Float, near: Float, plausible: Float, quantile: Float)])
  func `votes that are implausibly far away tell how many plausible ones move along`(
    row: (far: Float, near: Float, plausible: Float, quantile: Float)
  ) {
    let found = HiddenMovers.quantile(far: row.far, near: row.near, plausible: row.plausible)
    #expect(abs(found - row.quantile) < 1e-4)
  }
}
