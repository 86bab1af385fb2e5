import CV4L2
import Capture
import Decoding
import Glibc
import Quantities

/// The driver side of a scripted camera: what each request does.
extension ScriptedCamera {
  func answer(
    _ request: V4L2Request, _ argument: UnsafeMutableRawPointer, now: MonotonicTime, period: Int64
  ) -> Int32 {
    switch request {
    case .queryCapabilities: return fill(argument.assumingMemoryBound(to: v4l2_capability.self))
    case .enumerateFormats: return enumerate(argument.assumingMemoryBound(to: v4l2_fmtdesc.self))
    case .enumerateSizes, .enumerateIntervals: return EINVAL
    case .getFormat: return 0
    case .setFormat: return set(argument.assumingMemoryBound(to: v4l2_format.self))
    case .setParameters:
      let parameters = argument.assumingMemoryBound(to: v4l2_streamparm.self)
      parameters.pointee.parm.capture.timeperframe = v4l2_fract(numerator: 1, denominator: 30)
      return 0
    case .requestBuffers:
      argument.assumingMemoryBound(to: v4l2_requestbuffers.self).pointee.count = 4
      return 0
    case .queryBuffer:
      argument.assumingMemoryBound(to: v4l2_buffer.self).pointee.length = UInt32(imageBytes)
      return 0
    case .queueBuffer:
      let index = argument.assumingMemoryBound(to: v4l2_buffer.self).pointee.index
      if let code = requeueErrors.removeValue(forKey: index), code != 0 { return code }
      queued.append(index)
      return 0
    case .dequeueBuffer:
      return dequeue(argument.assumingMemoryBound(to: v4l2_buffer.self), now: now)
    case .streamOn:
      isStreaming = true
      streamStarts += 1
      nextSequence = 0
      return 0
    case .streamOff:
      if isStreaming, case .silence? = script.first { script.removeFirst() }
      isStreaming = false
      queued = []
      available = []
      return 0
    case .queryControl: return query(argument.assumingMemoryBound(to: v4l2_queryctrl.self))
    case .queryMenu: return EINVAL
    case .getControl, .setControl:
      return access(argument.assumingMemoryBound(to: v4l2_control.self), isWrite: request == .setControl)
    }
  }

  private func fill(_ capability: UnsafeMutablePointer<v4l2_capability>) -> Int32 {
    capability.pointee.capabilities = capabilities
    capability.pointee.device_caps = deviceCapabilities
    copy(card, to: &capability.pointee.card)
    copy("scripted", to: &capability.pointee.driver)
    return 0
  }

  private func enumerate(_ entry: UnsafeMutablePointer<v4l2_fmtdesc>) -> Int32 {
    let index = Int(entry.pointee.index)
    guard index < formats.count else { return EINVAL }
    entry.pointee.pixelformat = formats[index].code
    return 0
  }

  private func set(_ format: UnsafeMutablePointer<v4l2_format>) -> Int32 {
    let asked = format.pointee.fmt.pix
    self.format = formats.first { $0.code == asked.pixelformat } ?? formats[0]
    size = onlySize ?? ImageSize(width: Int(asked.width), height: Int(asked.height))
    format.pointee.fmt.pix.pixelformat = self.format.code
    format.pointee.fmt.pix.width = UInt32(size.width)
    format.pointee.fmt.pix.height = UInt32(size.height)
    format.pointee.fmt.pix.bytesperline = UInt32(size.width + padding)
    format.pointee.fmt.pix.sizeimage = UInt32(imageBytes)
    return 0
  }

  private func dequeue(_ buffer: UnsafeMutablePointer<v4l2_buffer>, now: MonotonicTime) -> Int32 {
    if pendingError != 0 {
      defer { pendingError = 0 }
      return pendingError
    }
    guard !available.isEmpty, !queued.isEmpty else { return EAGAIN }
    let frame = available.removeFirst()
    let index = queued.removeFirst()
    memory[Int(index)].initializeMemory(as: UInt8.self, repeating: frame.value)
    requeueErrors[index] = frame.requeueError
    nextSequence = frame.sequence + 1
    buffer.pointee.index = index
    buffer.pointee.sequence = frame.sequence
    buffer.pointee.flags = frame.flags
    buffer.pointee.bytesused = frame.bytesUsed ?? UInt32(imageBytes)
    // Frames still waiting behind this one are younger.
    let age = Int64(available.reduce(0) { $0 + $1.periods }) * 33_333_333
    let stamp = frame.hasStamp ? now.nanoseconds - age - 5_000_000 : 0
    buffer.pointee.timestamp = timeval(
      tv_sec: Int(stamp / 1_000_000_000), tv_usec: Int(stamp % 1_000_000_000) / 1000)
    return 0
  }

  private func query(_ query: UnsafeMutablePointer<v4l2_queryctrl>) -> Int32 {
    let next = UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
    let wanted = query.pointee.id & ~next
    let isNext = query.pointee.id & next != 0
    let found = controls.first { isNext ? $0.identifier > wanted : $0.identifier == wanted }
    guard let found else { return EINVAL }
    query.pointee = v4l2_queryctrl()
    query.pointee.id = found.identifier
    query.pointee.type = found.type
    query.pointee.minimum = found.range.lowerBound
    query.pointee.maximum = found.range.upperBound
    query.pointee.step = found.step
    query.pointee.flags = found.flags
    copy(found.name, to: &query.pointee.name)
    return 0
  }

  private func access(_ control: UnsafeMutablePointer<v4l2_control>, isWrite: Bool) -> Int32 {
    guard let index = controls.firstIndex(where: { $0.identifier == control.pointee.id }) else {
      return EINVAL
    }
    if isWrite {
      let step = controls[index].step
      controls[index].value = control.pointee.value / step * step
    }
    control.pointee.value = controls[index].value
    return 0
  }

  private func copy<Characters>(_ text: String, to characters: inout Characters) {
    withUnsafeMutableBytes(of: &characters) { $0.copyBytes(from: text.utf8.prefix($0.count - 1)) }
  }
}
