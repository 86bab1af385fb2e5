import CV4L2
import Capture
import Decoding
import Glibc
import Platform
import Quantities

/// A kernel with cameras that follow a script and a clock that moves only when somebody waits.
final class ScriptedKernel: V4L2Kernel, CameraCatalog {
  var cameras: [String: ScriptedCamera] = [:]
  var attached: [CameraNode] = []
  /// Answers of `waitForChange`: a change after so many nanoseconds.
  var changes: [Int64] = []
  var period: Int64 = 33_333_333
  private(set) var clock = MonotonicTime(nanoseconds: 1_000_000_000_000)
  /// System calls of all kinds, to notice busy loops.
  private(set) var callCount = 0
  /// Every camera ever attached: mappings outlive an unplugged camera.
  private var known: [ScriptedCamera] = []
  private var opened: [Int32: ScriptedCamera] = [:]
  private var nextDescriptor: Int32 = 10

  /// Attaches a camera at a node.
  func attach(_ camera: ScriptedCamera, _ node: CameraNode) {
    cameras[node.path] = camera
    known.append(camera)
    attached.append(node)
  }

  func detachAll() {
    cameras = [:]
    attached = []
  }

  func now() -> MonotonicTime { clock }

  func sleep(until deadline: MonotonicTime) {
    callCount += 1
    clock = max(clock, deadline)
  }

  func open(_ path: String) throws(SystemErrno) -> Int32 {
    callCount += 1
    guard let camera = cameras[path] else { throw SystemErrno(ENOENT) }
    if let failure = camera.openFailures.first {
      camera.openFailures.removeFirst()
      throw SystemErrno(failure)
    }
    nextDescriptor += 1
    opened[nextDescriptor] = camera
    camera.isOpen = true
    camera.openCount += 1
    return nextDescriptor
  }

  /// Who else has the camera open.
  var holders: [DeviceHolders.Process] = []

  func holders(of path: String) -> [DeviceHolders.Process] { holders }

  func close(_ descriptor: Int32) {
    guard let camera = opened.removeValue(forKey: descriptor) else { return }
    camera.isOpen = false
    camera.isStreaming = false
  }

  func map(_ descriptor: Int32, offset: Int, length: Int) throws(SystemErrno) -> UnsafeMutableRawBufferPointer
  {
    guard let camera = opened[descriptor] else { throw SystemErrno(EBADF) }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 64)
    camera.memory.append(memory)
    return memory
  }

  func unmap(_ memory: UnsafeMutableRawBufferPointer) {
    for camera in known { camera.memory.removeAll { $0.baseAddress == memory.baseAddress } }
    memory.deallocate()
  }

  func wait(for descriptor: Int32, until deadline: MonotonicTime) -> WaitOutcome {
    callCount += 1
    guard let camera = opened[descriptor], camera.isStreaming else { return .hangUp }
    if !camera.available.isEmpty { return .ready }
    if clock >= deadline { return .timeout }
    guard !camera.script.isEmpty else {
      camera.available = [ScriptedFrame(sequence: camera.nextSequence)]
      clock = clock + period
      return .ready
    }
    switch camera.script[0] {
    case .silence:
      clock = deadline
      return .timeout
    case .frame(let frame):
      clock = clock + Int64(frame.periods) * period
      camera.available = [frame]
    case .burst(let frames):
      clock = clock + frames.reduce(0) { $0 + Int64($1.periods) * period }
      camera.available = frames
    case .dequeueError(let code):
      camera.pendingError = code
    case .hangUp(let code):
      camera.script.removeFirst()
      camera.pendingError = code
      return .hangUp
    }
    camera.script.removeFirst()
    return .ready
  }

  func perform(_ request: V4L2Request, on descriptor: Int32, _ argument: UnsafeMutableRawPointer) -> Int32 {
    callCount += 1
    guard let camera = opened[descriptor] else { return EBADF }
    camera.requests.append(request)
    if let failure = camera.failures[request]?.first {
      camera.failures[request]?.removeFirst()
      return failure
    }
    return camera.answer(request, argument, now: clock, period: period)
  }

  func nodes() -> [CameraNode] { attached }

  func resolve(_ path: String) -> String? {
    attached.contains { $0.path == path } ? path : nil
  }

  func waitForChange(until deadline: MonotonicTime) -> Bool {
    callCount += 1
    guard let delay = changes.first, clock + delay < deadline else {
      clock = max(clock, deadline)
      return false
    }
    changes.removeFirst()
    clock = clock + delay
    return true
  }
}
