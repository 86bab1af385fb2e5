import Messaging
import Platform
import Quantities

/// A subscriber to everything on both frame endpoints, on threads of its own, that throws away what it gets.
///
/// It reads nothing before `start()`: queues fill up meanwhile, which makes the publisher's pool of messages as
/// large as it will ever be.
final class Listener {
  private let gate = Mailbox<Int>()
  private let stopFlag = StopFlag()
  private var threads: [WorkerThread] = []

  init(_ directory: EndpointDirectory) {
    for endpoint in [directory.stream, directory.latest] {
      threads.append(
        WorkerThread(name: "listener") { [gate, stopFlag] in
          guard let context = try? MessagingContext(),
            let socket = try? SubscribeSocket(
              context, endpoint: endpoint, topics: [""], delivery: .inOrder(queue: 2))
          else { return }
          while !gate.closed { _ = gate.take(until: MonotonicTime.now() + 100_000_000) }
          while !stopFlag.isRaised { _ = socket.receive(milliseconds: 100) }
        })
    }
  }

  func start() { gate.close() }

  func stop() {
    start()
    stopFlag.raise()
    for thread in threads { thread.join() }
    threads = []
  }
}
