// Everything a person types at depthd. Each subcommand lives in a file of its own.
import ArgumentParser

@main
struct Depthctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "depthctl",
    abstract: "Inspect, measure and steer depthd.",
    subcommands: [
      DevicesCommand.self,
      CheckCommand.self,
      BenchCommand.self,
      InferCommand.self,
      ViewCommand.self,
      TailCommand.self,
      SnapshotCommand.self,
      RecordCommand.self,
      StatusCommand.self,
      ReloadCommand.self,
      ModelCommand.self,
      BankCommand.self,
      ScaleCommand.self,
      TopCommand.self,
      DoctorCommand.self,
      WhyCommand.self,
      EventsCommand.self,
      LatencyCommand.self,
      QualityCommand.self,
      CalibCommand.self,
      OnnxCommand.self,
      SimulateCommand.self,
      EvalCommand.self,
    ])
}
