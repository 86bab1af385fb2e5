import Inference
public import Quantities

/// A pose network planned for one size: two frames -> how the camera moved between them.
///
///     PoseNetwork.reduce(depthNetwork.input, size: depthNetwork.size, by: pose.inputDivisor, into: kept)
///     ...                                                           // a later frame, likewise
///     _ = network.earlier.update(fromContentsOf: keptBefore)
///     _ = network.later.update(fromContentsOf: kept)
///     let motion = network.run().seen(fx: fx, fy: fy, canonicalFx: canonicalFx)
///
/// Not thread-safe: use it on one thread at a time. `run` and `reduce` allocate nothing; the buffers stay where they
/// are.
public final class PoseNetwork {
  /// Of one frame.
  public let size: ImageSize
  /// (3, height, width) of the frame that was taken first: planes red, green, blue, normalised as for the depth
  /// network.
  public let earlier: UnsafeMutableBufferPointer<Float>
  /// The frame that was taken after it.
  public let later: UnsafeMutableBufferPointer<Float>
  private let session: Session
  private let rotation: UnsafeBufferPointer<Float>
  private let translation: UnsafeBufferPointer<Float>

  init(
    session: Session, size: ImageSize, pair: UnsafeMutableBufferPointer<Float>,
    rotation: UnsafeBufferPointer<Float>, translation: UnsafeBufferPointer<Float>
  ) {
    self.session = session
    self.size = size
    let frame = 3 * size.pixelCount
    earlier = UnsafeMutableBufferPointer(rebasing: pair[..<frame])
    later = UnsafeMutableBufferPointer(rebasing: pair[frame...])
    self.rotation = rotation
    self.translation = translation
  }

  /// About how long one run takes on one core, nanoseconds, counted (`StepCost.nominalNanoseconds`).
  public var nominalNanoseconds: Double { session.nominalNanoseconds }

  /// Floats of one frame: what has to be kept of a frame until a later one comes.
  public var frameCount: Int { earlier.count }

  /// Runs the network on `earlier` and `later`: the motion of the canonical camera (see `FrameMotion.seen`).
  public func run() -> FrameMotion {
    session.run()
    return FrameMotion(
      axisAngle: SIMD3(Double(rotation[0]), Double(rotation[1]), Double(rotation[2])),
      translation: SIMD3(Double(translation[0]), Double(translation[1]), Double(translation[2])))
  }

  /// Makes the pose network's frame of the depth network's input: the mean of every block of `divisor` x `divisor`
  /// values.
  ///
  /// - Parameters:
  ///   - input: (3, height, width) of `size`, normalised; multiples of `divisor`.
  ///   - frame: (3, height / divisor, width / divisor).
  public static func reduce(
    _ input: UnsafeBufferPointer<Float>, size: ImageSize, by divisor: Int,
    into frame: UnsafeMutableBufferPointer<Float>
  ) {
    let width = size.width / divisor
    let rows = 3 * size.height / divisor
    precondition(input.count == 3 * size.pixelCount && frame.count == rows * width)
    let share = 1 / Float(divisor * divisor)
    for row in 0..<rows {
      for column in 0..<width {
        var sum: Float = 0
        for inner in 0..<divisor {
          let start = (row * divisor + inner) * size.width + column * divisor
          for offset in 0..<divisor { sum += input[start + offset] }
        }
        frame[row * width + column] = sum * share
      }
    }
  }
}
