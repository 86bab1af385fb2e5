import ModelBundle
import PriorFusion
import Quantities

/// What a frame's retrieval says of the frame: whether it is of the bank's domain, and where priors and network
/// contradict each other more than they do there.
///
/// A bank that says nothing of its domain changes no confidence and raises no flag: what is usual for it is not known.
struct PriorStage {
  private let cellColumns: Int
  private let usualVariance: Float
  private let deviation: PriorDeviation
  private var watch: DomainWatch?
  private var last: MonotonicTime?
  /// Variance of ln depth by which a cell's deviation exceeds what is usual, row by row; all 0 without a domain.
  private var excess: [Float]
  /// Of the last frame.
  private(set) var means = RetrievalMeans(entropy: 0, priorSpread: 0, bestLogit: 0)

  /// Nil for a network without priors.
  init?(model: DepthModel, network: DepthNetwork) {
    guard let fusion = network.priorFusion else { return nil }
    let bounds = model.disparityToDepth
    deviation = PriorDeviation(
      minimumDepth: bounds.minimumDepthMeters, maximumDepth: bounds.maximumDepthMeters)
    cellColumns = network.size.width / PriorDeviation.cellPixels
    excess = [Float](repeating: 0, count: cellColumns * (network.size.height / PriorDeviation.cellPixels))
    let domain = fusion.bank.domain
    watch = domain.map { DomainWatch($0) }
    usualVariance = domain.map { Float($0.deviation * $0.deviation) } ?? .infinity
  }

  /// How unlike the bank's domain frames have been, 1 = as the outermost of a hundred of its own; nil when the bank
  /// does not know its domain.
  var domainDistance: Double? { watch?.distance }
  var isOutOfDomain: Bool? { watch?.isOutside }

  /// Takes in the network's last run.
  mutating func run(_ network: DepthNetwork, at time: MonotonicTime) {
    guard let found = network.priorFusion?.statistics else { return }
    means = RetrievalMeans(found)
    guard watch != nil else { return }
    watch?.update(means, secondsSinceLast: last.map { Double(time - $0) * 1e-9 })
    last = time
    deviation.run(network.output, size: network.size, found, into: &excess)
    for cell in excess.indices {
      // NaN is no evidence against the network.
      excess[cell] = excess[cell] > usualVariance ? excess[cell] - usualVariance : 0
    }
  }

  /// Variance of ln depth that the priors add at a pixel.
  func excess(row: Int, column: Int) -> Float {
    excess[row / PriorDeviation.cellPixels * cellColumns + column / PriorDeviation.cellPixels]
  }
}
