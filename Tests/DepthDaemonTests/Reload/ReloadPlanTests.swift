import Configuration
import DepthDaemon
import Quantities
import Testing

@Suite struct ReloadPlanTests {
  private func plan(_ keys: [(String, ReloadClass)]) -> ReloadPlan {
    ReloadPlan(keys.map { ConfigurationChange(key: $0.0, old: "1", new: "2", reload: $0.1) })
  }

  @Test func `nothing changed, nothing to do`() {
    #expect(plan([]).isEmpty)
    #expect(plan([]).parts.isEmpty)
  }

  @Test func `live keys need nothing new`() {
    let live = plan([("depth.max_m", .live), ("log.level", .live)])
    #expect(!live.isEmpty && live.parts.isEmpty && live.restartKeys.isEmpty)
  }

  @Test func `a restart key is named`() {
    #expect(plan([("depth.max_m", .live), ("camera.name", .restart)]).restartKeys == ["camera.name"])
  }

  @Test(arguments: [
    ("camera.calibration", [ReloadPlan.Part.pipeline]), ("camera.frame_id", [.pipeline]),
    ("camera.source", [.source, .pipeline]), ("simulation.seed", [.source, .pipeline]),
    ("drive.loop", [.source, .pipeline]), ("model.path", [.pipeline]), ("preprocessing.fit", [.pipeline]),
    ("odometry.source", [.odometry]),
  ])
  func `a rebuild key makes anew what it takes part in`(key: String, parts: [ReloadPlan.Part]) {
    #expect(plan([(key, .rebuild)]).parts == Set(parts))
  }

  @Test(arguments: ConfigurationKey.all.filter { $0.reload == .rebuild }.map(\.path))
  func `every rebuild key of the schema makes something anew`(key: String) {
    #expect(!plan([(key, .rebuild)]).parts.isEmpty)
  }
}

@Suite struct TrailingDebounceTests {
  private let second: Int64 = 1_000_000_000

  @Test func `the last of several notes counts, and counts once`() {
    var debounce = TrailingDebounce(nanoseconds: second)
    let start = MonotonicTime(nanoseconds: 0)
    var over: [Bool] = [debounce.isOver(at: start)]
    debounce.note(at: start)
    debounce.note(at: start + second / 2)
    for halves in [2, 3, 4, 18] { over.append(debounce.isOver(at: start + Int64(halves) * second / 2)) }
    #expect(over == [false, false, true, false, false])
  }
}
