import ImageBuffers
import Quantities
import TestSupport
import Testing

/// Leases are noncopyable; a shelf of several needs a box around each.
private final class BoxedLease {
  let lease: FrameLease

  init(_ lease: consuming FrameLease) {
    self.lease = lease
  }
}

struct FramePoolTests {
  private let size = ImageSize(width: 8, height: 4)

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `leases are conserved under random taking and giving back`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let pool = FramePool(count: 5, size: size, carriesTruth: false)
    var shelf: [BoxedLease] = []
    for _ in 0..<200 {
      if Bool.random(using: &generator) {
        if let lease = pool.lease() {
          shelf.append(BoxedLease(lease))
        } else {
          #expect(shelf.count == 5, "a pool refuses only when it has lent every frame")
        }
      } else if let index = shelf.indices.randomElement(using: &generator) {
        shelf.remove(at: index)
      }
      #expect(pool.freeCount + shelf.count == 5)
    }
    shelf.removeAll()
    #expect(pool.freeCount == 5)
  }

  @Test func `two leases never share pixels`() throws {
    let pool = FramePool(count: 2, size: size, carriesTruth: false)
    var first = try lend(from: pool)
    var second = try lend(from: pool)
    first.frame.image.bytes.fill(1)
    second.frame.image.bytes.fill(2)
    let left = first.frame.image.bytes.row(0)[0]
    let right = second.frame.image.bytes.row(0)[0]
    #expect(left == 1)
    #expect(right == 2)
  }

  @Test func `a returned frame is lent again without a new allocation`() throws {
    let pool = FramePool(count: 1, size: size, carriesTruth: false)
    let address = address(of: try lend(from: pool))
    for _ in 0..<10 {
      let again = self.address(of: try lend(from: pool))
      #expect(again == address)
    }
  }

  @Test(arguments: [false, true])
  func `only a pool for sources that know the truth carries it`(carriesTruth: Bool) throws {
    let pool = FramePool(count: 1, size: size, carriesTruth: carriesTruth)
    let lease = try lend(from: pool)
    let hasTruth =
      switch lease.frame.trueDepth {
      case .some(let plane): plane.width == 8 && plane.height == 4
      case nil: false
      }
    #expect(hasTruth == carriesTruth)
  }

  private func lend(from pool: FramePool) throws -> FrameLease {
    guard let lease = pool.lease() else { throw TestFailure("the pool has no free frame") }
    return lease
  }

  private func address(of lease: consuming FrameLease) -> UInt {
    UInt(bitPattern: lease.frame.image.bytes.baseAddress)
  }
}
