import Quantities

/// Grey images of the recent past, so spaced that together they reach far enough back.
struct ViewRing: ~Copyable {
  static let capacity = 10

  /// One slot: a pyramid on the heap, filled again and again.
  private final class Slot {
    var time = MonotonicTime(nanoseconds: 0)
    var pyramid: LumaPyramid

    init(size: ImageSize) { pyramid = LumaPyramid(size: size) }
  }

  private let slots: [Slot]
  private(set) var count = 0
  private var next = 0

  init(size: ImageSize) {
    // One more than is looked back at: the newest frame.
    slots = (0..<Self.capacity).map { _ in Slot(size: size) }
  }

  /// Capture time of a stored frame, 0 = newest.
  func time(_ age: Int) -> MonotonicTime { slots[place(age)].time }

  /// A stored frame, 0 = newest; valid until the next is stored.
  func view(_ age: Int) -> LumaLevels { slots[place(age)].pyramid.levels }

  /// Stores a frame in the oldest slot.
  mutating func store(time: MonotonicTime, _ fill: (inout LumaPyramid) -> Void) {
    slots[next].time = time
    fill(&slots[next].pyramid)
    next = (next + 1) % Self.capacity
    count = min(count + 1, Self.capacity)
  }

  mutating func removeAll() { count = 0 }

  private func place(_ age: Int) -> Int { (next - 1 - age + 2 * Self.capacity) % Self.capacity }
}
