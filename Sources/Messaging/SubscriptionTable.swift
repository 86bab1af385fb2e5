import WireFormat

/// Somebody subscribed or went away.
public struct SubscriptionEvent: Equatable, Sendable {
  /// The subscribed byte prefix, as text: a whole topic, a camera (`front/`) or nothing (everything).
  public var prefix: String
  public var isNew: Bool
  /// Subscribers with this very prefix after the event.
  public var count: Int
}

/// Exact counts per subscribed prefix, kept from the frames an XPUB socket receives.
struct SubscriptionTable {
  /// More different prefixes than the product has topics; a peer that invents more is ignored.
  private static let mostPrefixes = 1024

  private var entries: [(prefix: [UInt8], count: Int)] = []

  /// Takes one received frame: 1 or 0, then the prefix.
  ///
  /// Nil when it is no subscription.
  mutating func take(_ frame: UnsafeRawBufferPointer) -> SubscriptionEvent? {
    guard let first = frame.first, first <= 1 else { return nil }
    let prefix = frame.dropFirst()
    let known = entries.firstIndex { $0.prefix.elementsEqual(prefix) }
    if first == 1 { return add(Array(prefix), known: known) }
    guard let known else { return nil }
    entries[known].count -= 1
    let event = SubscriptionEvent(
      prefix: String(decoding: prefix, as: UTF8.self), isNew: false, count: entries[known].count)
    if entries[known].count == 0 { entries.remove(at: known) }
    return event
  }

  private mutating func add(_ prefix: [UInt8], known: Int?) -> SubscriptionEvent? {
    let text = String(decoding: prefix, as: UTF8.self)
    if let known {
      entries[known].count += 1
      return SubscriptionEvent(prefix: text, isNew: true, count: entries[known].count)
    }
    guard entries.count < Self.mostPrefixes else { return nil }
    entries.append((prefix, 1))
    return SubscriptionEvent(prefix: text, isNew: true, count: 1)
  }

  /// Subscriptions that a topic's messages go to.
  ///
  /// Does not allocate.
  func count(of topic: Topic) -> Int {
    var count = 0
    for entry in entries where topic.name.utf8.starts(with: entry.prefix) { count += entry.count }
    return count
  }
}
