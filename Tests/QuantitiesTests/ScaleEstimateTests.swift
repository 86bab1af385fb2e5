import Quantities
import Testing

struct ScaleEstimateTests {
  @Test(arguments: ScaleEstimate.State.allCases)
  func `depth is metric only while the scale is locked or held`(state: ScaleEstimate.State) {
    let estimate = ScaleEstimate(value: 1, logSigma: 0.1, state: state, sources: .constant)
    #expect(estimate.isMetric == [.locked, .held].contains(state))
  }
}
