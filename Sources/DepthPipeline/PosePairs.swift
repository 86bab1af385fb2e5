import Geometry
import ModelBundle
import Quantities
import Scale

/// The pose network of a bundle beside its depth network: keeps frames as it sees them and runs on two of them.
///
/// Frames are kept in memory that is allocated once. One thread, the pipeline's.
final class PosePairs: PairMotionSource {
  let slotCount = 8
  var nominalNanoseconds: Double { network.nominalNanoseconds / Double(width) }
  private let network: PoseNetwork
  private let inputSize: ImageSize
  private let divisor: Int
  private let focal: SIMD2<Double>
  private let canonicalFx: Double
  /// Threads that share a run.
  private let width: Int
  private let frames: UnsafeMutableBufferPointer<Float>

  /// - Parameters:
  ///   - size: the depth network's input size, whose intrinsics are `intrinsics`.
  /// - Throws: as `PoseModel.network`.
  init(
    _ pose: PoseModel, size: ImageSize, intrinsics: CameraIntrinsics, canonicalFx: Double,
    executor: any ParallelExecutor
  ) throws(ModelBundleError) {
    network = try pose.network(forDepthSize: size, executor: executor)
    inputSize = size
    width = executor.width
    divisor = pose.inputDivisor
    focal = SIMD2(intrinsics.fx, intrinsics.fy)
    self.canonicalFx = canonicalFx
    frames = .allocate(capacity: slotCount * network.frameCount)
    frames.initialize(repeating: 0)
  }

  deinit { frames.deallocate() }

  func keep(_ image: UnsafePointer<Float>, inSlot slot: Int) {
    PoseNetwork.reduce(
      UnsafeBufferPointer(start: image, count: 3 * inputSize.pixelCount), size: inputSize, by: divisor,
      into: frame(slot))
  }

  func motion(fromSlot first: Int, toSlot second: Int) -> RigidTransform {
    _ = network.earlier.update(fromContentsOf: frame(first))
    _ = network.later.update(fromContentsOf: frame(second))
    return network.run().seen(fx: focal.x, fy: focal.y, canonicalFx: canonicalFx).laterFromEarlier
  }

  private func frame(_ slot: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      rebasing: frames[slot * network.frameCount..<(slot + 1) * network.frameCount])
  }
}
