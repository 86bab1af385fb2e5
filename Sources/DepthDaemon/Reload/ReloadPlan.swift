package import Configuration

/// What must be made anew for a set of changes. Pure.
package struct ReloadPlan: Equatable, Sendable {
  package enum Part: String, Sendable, CaseIterable {
    /// The camera, recording or simulator.
    case source
    /// Everything from pixels to messages, the network included.
    case pipeline
    /// The subscription to a ZeroMQ publisher of odometry.
    case odometry
  }

  /// What is built beside the running one and swapped in; the live keys go into what is there.
  package let parts: Set<Part>
  /// Changes that only a restart applies. While there are any, nothing is applied.
  package let restartKeys: [String]
  package let isEmpty: Bool

  package init(_ changes: [ConfigurationChange]) {
    isEmpty = changes.isEmpty
    restartKeys = changes.filter { $0.reload == .restart }.map(\.key)
    parts = changes.filter { $0.reload == .rebuild }.reduce(into: []) { parts, change in
      parts.formUnion(Self.parts(of: change.key))
    }
  }

  /// What a key of class `rebuild` takes part in.
  package static func parts(of key: String) -> Set<Part> {
    switch key {
    case "odometry.source": [.odometry]
    case "camera.frame_id", "camera.calibration": [.pipeline]
    default:
      switch key.prefix(while: { $0 != "." }) {
      // A source may change its size, its calibration and whether it knows the truth.
      case "camera", "drive", "simulation": [.source, .pipeline]
      default: [.pipeline]
      }
    }
  }
}
