// `--search exact|two_level`.
public import ArgumentParser
public import PriorFusion

extension PriorSearch: ExpressibleByArgument {}
