package import Configuration

/// What must be made anew for a set of changes. Pure.
package struct ReloadPlan: Equatable, Sendable {
  package enum Part: String, Sendable, CaseIterable {
    /// The camera, recording or simulator.
    case source
    /// Everything from pixels to messages, the network included.
    case pipeline
    /// The subscription to a ZeroMQ publisher of odometry, or the CAN bus.
    case odometry
    /// The subscription to a publisher of range points.
    case points
  }

  /// What is built beside the running one and swapped in; the live keys go into what is there.
  package let parts: Set<Part>
  /// Changes that only a restart applies. While there are any, nothing is applied.
  package let restartKeys: [String]

  /// - Parameter source: where frames come from after the change.
  package init(_ changes: [ConfigurationChange], source: CameraSource) {
    restartKeys = changes.filter { $0.reload == .restart }.map(\.key)
    parts = changes.filter { $0.reload == .rebuild }.reduce(into: []) { parts, change in
      parts.formUnion(Self.parts(of: change.key, for: source))
    }
  }

  /// What a key of class `rebuild` takes part in; nothing if it is about another kind of source.
  package static func parts(of key: String, for source: CameraSource) -> Set<Part> {
    switch key {
    case "camera.frame_id", "camera.calibration": [.pipeline]
    // Whether a frame's own points count is the pipeline's business.
    case "sparse.source": [.points, .pipeline]
    case "sparse.topic": [.points]
    default:
      switch key.prefix(while: { $0 != "." }) {
      // A source may change its size, its calibration and whether it knows the truth.
      case "camera", "drive", "simulation": concerns(key, source) ? [.source, .pipeline] : []
      case "odometry": [.odometry]
      default: [.pipeline]
      }
    }
  }

  /// Whether a source takes notice of a key of the source tables.
  private static func concerns(_ key: String, _ source: CameraSource) -> Bool {
    if key == "camera.source" { return true }
    let isSize = key == "camera.width" || key == "camera.height"
    return switch source {
    case .v4l2First, .v4l2Device, .v4l2Serial, .v4l2USBPort: key.hasPrefix("camera.")
    case .simulation: key.hasPrefix("simulation.") || isSize
    case .drive: key.hasPrefix("drive.")
    }
  }
}
