// `depthctl calib rollback`: the calibration before the present one.
import ArgumentParser
import Calibration
import Geometry
import DepthDaemon
import Foundation
import Quantities

struct CalibRollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Go back to the calibration before the present one.",
    discussion: "May be repeated, as far back as generations are kept.")

  @OptionGroup var options: CalibOptions
  @Flag(help: "Only list what could be gone back to, the next one last.") var list = false
  @Flag(help: "Leave the running daemon alone; it takes the file over at its next reload or start.")
  var noReload = false

  func run() throws {
    let store = CalibrationStore(path: try options.place().fileToReplace())
    if list {
      for generation in store.generations {
        print("\(generation.number)  \(generation.path)  \(described(generation))")
      }
      return
    }
    let generation = try store.rollback()
    print(
      "\(store.path): generation \(generation.number) is back; what it replaced is kept with the ending .undone"
    )
    if noReload { return print("the daemon takes it over at its next reload or start") }
    try CalibrationExchange(store: store, options: options.client).reload()
  }

  private func described(_ generation: CalibrationStore.Generation) -> String {
    guard let file = try? CalibrationReading.quietly(generation.path) else { return "cannot be used" }
    return "\(file.info.cameraName) \(file.calibration.size), calib_id \(file.id)"
  }
}
