import Messaging
import Synchronization
import WireFormat

/// How many subscriptions each frame topic's messages go to, for whoever looks from outside the perception thread.
package final class SubscriberCounts: Sendable {
  package struct Entry: Equatable, Sendable {
    package var topic: String
    package var stream: Int
    package var latest: Int
  }

  private let storage = Mutex<[Entry]>([])

  package init() {}

  /// Topics that have any, in the order of `TopicKind`.
  package var entries: [Entry] { storage.withLock { $0 } }

  /// Reads them off the sockets; called when somebody came or went.
  func update(_ publisher: FramePublisher, topics: [TopicKind: Topic]) {
    let entries = TopicKind.allCases.compactMap { kind -> Entry? in
      guard let topic = topics[kind] else { return nil }
      let counts = publisher.subscriberCounts(of: topic)
      return counts == (0, 0) ? nil : Entry(topic: topic.name, stream: counts.stream, latest: counts.latest)
    }
    storage.withLock { $0 = entries }
  }
}
