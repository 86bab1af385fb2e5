public import Quantities

extension ScaleObservation.Source {
  /// Index in tables of one entry for each source.
  var place: Int {
    switch self {
    case .pose: 0
    case .photometric: 1
    case .ground: 2
    case .points: 3
    }
  }

  /// Which source drives when several are alive: the highest.
  var rank: Int {
    switch self {
    case .ground: 0
    case .pose: 1
    case .photometric: 2
    case .points: 3
    }
  }

  /// Whether slipping wheels make it wrong.
  var restsOnWheels: Bool { self == .pose || self == .photometric }

  /// The source's word in messages.
  public var word: ScaleSources {
    switch self {
    case .pose: .pose
    case .photometric: .photometric
    case .ground: .height
    case .points: .sparse
    }
  }

  /// What a scale no longer rests on once this source has driven it.
  var weakerWords: ScaleSources {
    switch self {
    case .ground: .model
    case .pose: [.model, .height]
    case .photometric: [.model, .height, .pose]
    case .points: [.model, .height, .pose, .photometric]
    }
  }

  /// Sources of a scale that this one must not take over: photometry measures depth itself and may go on from
  /// points, the pose network and the ground only from their like.
  var betterWords: ScaleSources {
    switch self {
    case .points, .photometric: []
    case .pose: [.photometric, .sparse]
    case .ground: [.pose, .photometric, .sparse, .constant]
    }
  }
}
