// `depthctl bank info` and `verify`: what a bank holds, and whether it is sound.
import ArgumentParser
import Foundation
import ModelBundle
import PriorFusion

struct BankInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Say what a bank holds: references, model, drives, depths.")

  @Argument(help: "A priors.safetensors.") var file: String
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func run() throws {
    let bank = try PriorBankFile(path: file)
    let description = BankDescription(
      bank, id: try PriorBankFile.id(path: file), depths: try bank.depthDeciles())
    print(json ? try JSONText.line(description.object) : description.lines.joined(separator: "\n"))
  }
}

struct BankVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check every value of a bank, and that it belongs to a model.",
    discussion: "Exit code 0: sound; 1: not, with the reason.")

  @Argument(help: "A priors.safetensors.") var file: String
  @Option(help: "The bundle that it must belong to.") var model: String?
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func run() throws {
    let bank = try PriorBankFile(path: file)
    let loaded = try model.map { try DepthModel.load(path: $0, priors: .off) }
    try loaded?.check(bank)
    let hash = try bank.verified("verify")
    if json {
      print(
        try JSONText.line(
          ["sound": true, "references": bank.count, "sha256": hash, "model_checked": loaded != nil]))
      return
    }
    let belongs = loaded.map { " for \($0.name)" } ?? "; its model is not checked, give --model"
    print("\(file): a sound bank of \(bank.count) references\(belongs), sha256 \(hash)")
  }
}

extension PriorBankFile {
  /// Checks every value, with a progress bar; returns the file's SHA-256.
  func verified(_ label: String) throws -> String {
    var bar = ProgressBar(label, total: length >> 20)
    return try verify { bar.show($0 >> 20, "MB") }
  }

  /// Depths at every tenth of the references, near to far, in the network's unit.
  func depthDeciles() throws -> [Double] {
    let sorted = try disparities().sorted(by: >)
    let far = 1 / metadata.maximumDepth
    let slope = 1 / metadata.minimumDepth - far
    return (0...10).map { tenth in
      let place = Double(tenth) / 10 * Double(sorted.count - 1)
      let (low, share) = (Int(place), place - place.rounded(.down))
      let next = sorted[min(low + 1, sorted.count - 1)]
      let depths = [sorted[low], next].map { 1 / (far + slope * Double($0)) }
      return depths[0] + share * (depths[1] - depths[0])
    }
  }
}

/// What `info` prints.
private struct BankDescription {
  let bank: PriorBankFile
  let id: String
  let depths: [Double]

  init(_ bank: PriorBankFile, id: String, depths: [Double]) {
    self.bank = bank
    self.id = id
    self.depths = depths
  }

  var lines: [String] {
    let data = bank.metadata
    let domain = data.domain.map { "measured on \($0.frames) frames" } ?? "not measured"
    return [
      "id            \(id)",
      "references    \(bank.count), \(bank.storage), \(String(format: "%.1f", Double(bank.length) / 1e6)) MB",
      "architecture  \(data.architecture), features of \(bank.featureChannels) channels",
      "encoder       sha256 \(data.encoderHash)",
      "teacher       \(data.teacher), sha256 \(data.teacherHash.prefix(16))",
      "drives        \(data.drives.joined(separator: ", "))",
      "selection     \(data.selection)",
      "its domain    \(domain)",
      "depth by tenths, network's unit  " + depths.map { String(format: "%.2f", $0) }.joined(separator: " "),
    ]
  }

  var object: [String: Any] {
    let data = bank.metadata
    return [
      "id": id, "references": bank.count, "storage": "\(bank.storage)", "bytes": bank.length,
      "architecture": data.architecture, "feature_channels": bank.featureChannels,
      "encoder_sha256": data.encoderHash, "teacher": data.teacher, "teacher_sha256": data.teacherHash,
      "drives": data.drives, "selection": data.selection, "domain_frames": data.domain?.frames ?? 0,
      "depth_deciles": depths,
    ]
  }
}
