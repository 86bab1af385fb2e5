// What `depthctl top` knows: gathered in the background, read once per screen.
import DepthClient
import Foundation
import ImageBuffers
import Messaging
import Platform
import Quantities
import WireFormat

/// Everything on the screen, as of one moment.
struct TopState {
  var directory = ""
  /// The daemon's `info/` and `health/`; nil while it has not spoken.
  var info: InfoMessage?
  var health: HealthMessage?
  /// Since the last health message, seconds.
  var silenceSeconds: Double?
  /// The answer to `status`; empty when none came.
  var status: [String: Any] = [:]
  /// The topic that this screen itself listens to, on `latest`; nil = none.
  var ownTopic: String?
  /// Of the newest depth.
  var header: DepthHeader?
  var nearest: Float?
  /// Share of one core and resident megabytes of the daemon's process.
  var processorShare: Double?
  var residentMegabytes: Double?
  var events: [EventMessage] = []
}

final class TopWatch {
  private(set) var state = TopState()
  private let directory: EndpointDirectory
  private let wanted: String?
  private let client: DepthClient
  private var depth: FrameSubscription?
  private var lastLoad: (seconds: Double, time: MonotonicTime)?

  init(_ directory: EndpointDirectory, camera: String?) throws {
    self.directory = directory
    wanted = camera
    client = try DepthClient(directory)
    state.directory = directory.path
  }

  /// Waits, or until `isEnough`, and gathers what there is then.
  func look(seconds: Double, until isEnough: () -> Bool = { false }) {
    let end = MonotonicTime.now() + Int64(seconds * 1e9)
    while MonotonicTime.now() < end, !Interrupt.isRequested, !isEnough() { Interrupt.pause(milliseconds: 50) }
    state.info = client.status.info
    let camera = wanted ?? state.info?.cameras.first?.name
    let entry = camera.flatMap { client.status.health(ofCamera: $0) }
    let facts = DaemonFacts(directory, milliseconds: 500)
    state.status = facts?.status ?? [:]
    // Until the first message of the topic comes, the answer's own health stands for it.
    state.health = entry?.message ?? facts?.health
    state.silenceSeconds =
      entry.map { Double(MonotonicTime.now() - $0.receivedAt) * 1e-9 } ?? facts?.health.map { _ in 0 }
    if let camera { lookAtDepth(of: camera) }
    lookAtProcess()
    lookAtEvents()
  }

  private func lookAtDepth(of camera: String) {
    if depth == nil {
      depth = try? client.subscribe(camera: camera, .unscaled)
      state.ownTopic = depth?.topic.name
      _ = depth?.next(milliseconds: 500)
    }
    guard let frame = depth?.newest, let plane = try? frame.makeDepthPlane() else { return }
    state.header = frame.header
    var nearest = Float.infinity
    for y in 0..<plane.height {
      let row = plane.baseAddress + y * plane.rowStride
      for x in 0..<plane.width where row[x] < nearest { nearest = row[x] }
    }
    let scale = frame.header.scale.flatMap { $0.state == .locked || $0.state == .held ? $0.value : nil }
    state.nearest = nearest.isFinite ? nearest * Float(scale ?? 1) : nil
  }

  private func lookAtProcess() {
    guard let id = state.info?.processID, let load = ProcessLoad(processID: id) else {
      (state.processorShare, state.residentMegabytes) = (nil, nil)
      return
    }
    let now = MonotonicTime.now()
    if let last = lastLoad, now > last.time, load.processorSeconds >= last.seconds {
      state.processorShare = (load.processorSeconds - last.seconds) / (Double(now - last.time) * 1e-9)
    }
    lastLoad = (load.processorSeconds, now)
    state.residentMegabytes = load.residentMegabytes
  }

  private func lookAtEvents() {
    guard !state.status.isEmpty,
      let answer = try? DaemonControl(directory).ask(EventsRequest(count: 40), milliseconds: 500)
    else { return }
    state.events = answer.events
  }
}

/// Processor time and memory of a process on this machine.
struct ProcessLoad {
  let processorSeconds: Double
  let residentMegabytes: Double

  /// Nil when there is no such process here.
  init?(processID: Int) {
    guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    // Fields as in proc(5), from the third on.
    let fields = text[text.index(after: name)...].split(separator: " ")
    guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
      let pages = Double(fields[21])
    else { return nil }
    processorSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    residentMegabytes = pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
  }
}
