import DepthDaemon
import Foundation
import TestSupport
import Testing

@Suite struct MachineProbeTests {
  private func zone(
    _ folder: TemporaryFolder, _ index: Int, type: String, temperature: String, trips: [(String, String)] = []
  ) throws {
    let zone = folder.path + "/thermal_zone\(index)"
    try FileManager.default.createDirectory(atPath: zone, withIntermediateDirectories: true)
    try (type + "\n").write(toFile: zone + "/type", atomically: true, encoding: .utf8)
    try (temperature + "\n").write(toFile: zone + "/temp", atomically: true, encoding: .utf8)
    for (index, trip) in trips.enumerated() {
      try trip.0.write(toFile: zone + "/trip_point_\(index)_type", atomically: true, encoding: .utf8)
      try trip.1.write(toFile: zone + "/trip_point_\(index)_temp", atomically: true, encoding: .utf8)
    }
  }

  @Test func `a machine without a thermometer shows none`() throws {
    let folder = try TemporaryFolder()
    let state = MachineProbe(stateDirectory: folder.path, thermalFolder: folder.path).read()
    #expect(state.temperature == nil)
    #expect(state.diskProblem == nil)
    #expect((state.freeBytes ?? 0) > 0)
  }

  @Test func `the zone nearest to its own limit counts`() throws {
    let folder = try TemporaryFolder()
    try zone(folder, 0, type: "acpitz", temperature: "27800", trips: [("critical", "105000")])
    try zone(
      folder, 1, type: "x86_pkg_temp", temperature: "88000",
      trips: [("passive", "80000"), ("critical", "95000")])
    try zone(folder, 2, type: "broken", temperature: "-274000")
    let state = MachineProbe(stateDirectory: folder.path, thermalFolder: folder.path).read()
    let here = try #require(state.temperature)
    #expect(here.zone == "x86_pkg_temp")
    #expect(here.celsius == 88)
    #expect(here.highCelsius == 80)
    #expect(here.criticalCelsius == 95)
  }

  @Test func `a state folder that is gone is a problem`() {
    let state = MachineProbe(stateDirectory: "/nonexistent", thermalFolder: "/nonexistent").read()
    #expect(state.diskProblem == "No such file or directory")
  }
}
