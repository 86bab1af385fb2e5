// `depthctl bank`: prior banks as files.
import ArgumentParser
import Foundation

struct BankCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bank", abstract: "Look at, check, join, compare and thin out prior banks.",
    discussion: """
      A bank holds the references that a bundle's network looks up (docs/bundle.md). They are made on a workstation, \
      where the teacher runs (docs/training.md); what is made there can be checked, joined and compared here. Files \
      are written whole or not at all; memory does not grow with the values of a bank.
      """,
    subcommands: [
      BankInfoCommand.self, BankVerifyCommand.self, BankMergeCommand.self, BankDiffCommand.self,
      BankSelectCommand.self, BankBuildCommand.self,
    ])
}

/// Banks are built where the teacher runs.
struct BankBuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Say how a bank is built from drives: on a workstation.",
    discussion: """
      The teacher looks at neighbouring frames through GridSample, which the daemon's engine does not have, and takes \
      half a second a frame on one core (docs/decisions/0017, docs/training.md).
      """)

  @Argument(parsing: .captureForPassthrough, help: "What python -m depthtrain.priors build takes.")
  var arguments: [String] = []

  func run() throws {
    throw BankBuildElsewhere(arguments: arguments)
  }
}

/// Why this machine builds no bank, and what does.
struct BankBuildElsewhere: Error, CustomStringConvertible {
  let arguments: [String]

  var description: String {
    let given =
      arguments.isEmpty
      ? "--teacher CHECKPOINT --student RECIPE --drive DRIVE --out REFERENCES"
      : arguments.joined(separator: " ")
    return """
      banks are built with the training package, on a workstation: the teacher needs it. Run there
        PYTHONPATH=training python -m depthtrain.priors build \(given)
        PYTHONPATH=training python -m depthtrain.priors project --bundle BUNDLE --references REFERENCES --out BANK
      and bring BANK here: `depthctl bank verify BANK --model BUNDLE`, then priors.bank in the configuration.
      """
  }
}
