// `depthctl bank merge` and `diff`: two banks as one, and what distinguishes them.
import ArgumentParser
import Foundation
import ModelBundle

struct BankMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Write a bank of all references of two banks of one model.",
    discussion: """
      The first bank's references come first, each once; the same inputs give the same bytes. Banks of another \
      encoder, teacher or projection are refused. What is usual in the joined bank's domain is no longer known: \
      `bank select` measures it.
      """)

  @Argument(help: "A priors.safetensors.") var first: String
  @Argument(help: "Another one.") var second: String
  @Option(help: "The file to write.") var out: String
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func run() throws {
    let banks = try [first, second].map { try PriorBankFile(path: $0) }
    for bank in banks { _ = try bank.verified("check") }
    var bar = ProgressBar("merge", total: 1000)
    let result = try PriorBankFile.merge(banks[0], banks[1], to: out) { bar.show(Int(1000 * $0)) }
    bar.show(1000)
    if json {
      print(
        try JSONText.line(["references": result.references, "duplicates": result.duplicates, "out": out]))
    } else {
      print("\(out): \(result.references) references, \(result.duplicates) duplicates left out")
    }
  }
}

struct BankDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Compare two banks, reference by reference.",
    discussion: "Exit code 0: they hold the same; 1: they differ.")

  @Argument(help: "A priors.safetensors.") var first: String
  @Argument(help: "Another one.") var second: String
  @Flag(help: "Print one JSON object on the last line.") var json = false

  func run() throws {
    let banks = try [first, second].map { try PriorBankFile(path: $0) }
    for bank in banks { _ = try bank.verified("check") }
    var bar = ProgressBar("diff", total: 1000)
    let difference = try PriorBankDifference(banks[0], banks[1]) { bar.show(Int(1000 * $0)) }
    bar.show(1000)
    print(json ? try JSONText.line(object(difference)) : lines(difference).joined(separator: "\n"))
    if !difference.isNone { throw ExitCode(1) }
  }

  private func lines(_ difference: PriorBankDifference) -> [String] {
    var lines = difference.metadata.map {
      "metadata \($0.key): \($0.first ?? "absent") | \($0.second ?? "absent")"
    }
    lines += difference.tensors.map { "tensor \($0) differs" }
    lines.append("\(difference.common) references in both")
    for (name, count, drives) in [
      (first, difference.onlyFirst, difference.onlyFirstByDrive),
      (second, difference.onlySecond, difference.onlySecondByDrive),
    ] where count > 0 {
      let list = drives.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      lines.append("\(count) only in \(name): \(list.joined(separator: ", "))")
    }
    return lines
  }

  private func object(_ difference: PriorBankDifference) -> [String: Any] {
    [
      "common": difference.common, "only_first": difference.onlyFirst, "only_second": difference.onlySecond,
      "only_first_by_drive": difference.onlyFirstByDrive,
      "only_second_by_drive": difference.onlySecondByDrive,
      "metadata": difference.metadata.map(\.key), "tensors": difference.tensors,
    ]
  }
}
