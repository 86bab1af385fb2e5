"""Does each method move its own measure? One small experiment per method: the same short run with and without it.

    make ablate-small                                    # all experiments, then docs/benchmarks/methods.md
    python -m depthtrain.ablate --only velocity          # one
    python -m depthtrain.ablate --table                  # the table from the results that are there

To add an experiment: a function in a module of this package, decorated with `@experiment(...)`, and the module's name in
`MODULES` below.
"""

MODULES = ("supervision", "completion", "infinite_depth", "guided", "exchange")
