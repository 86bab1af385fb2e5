// `--size WxH` for every command.
public import ArgumentParser
public import Quantities

extension ImageSize: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(argument)
  }

  public var defaultValueDescription: String { description }
}
