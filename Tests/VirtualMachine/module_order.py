"""Copies kernel modules with everything they depend on, and writes the order to load them in.

usage: module_order.py MODULES_FOLDER TARGET_FOLDER MODULE...
"""

import pathlib
import re
import shutil
import sys


def canonical(name: str) -> str:
    """The kernel's name of a module: `can-raw.ko` is `can_raw`."""
    return name.removesuffix(".ko").replace("-", "_")


def dependencies(module: pathlib.Path) -> list[str]:
    """Names in the module's own `depends=` note."""
    note = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [name for name in note.group(1).decode().split(",") if name] if note else []


def in_load_order(wanted: list[str], available: dict[str, pathlib.Path]) -> list[pathlib.Path]:
    order: list[pathlib.Path] = []

    def visit(name: str) -> None:
        path = available.get(canonical(name))
        if path is None or path in order:  # built into the kernel, or seen already
            return
        for dependency in dependencies(path):
            visit(dependency)
        order.append(path)

    for name in wanted:
        visit(name)
    return order


def main() -> None:
    source, target, *wanted = sys.argv[1:]
    available = {canonical(path.name): path for path in pathlib.Path(source).rglob("*.ko")}
    missing = [name for name in wanted if canonical(name) not in available]
    if missing:
        sys.exit(f"the kernel package has no module {', '.join(missing)}")
    folder = pathlib.Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    order = in_load_order(wanted, available)
    for path in order:
        shutil.copy(path, folder / path.name)
    (folder / "order").write_text("".join(path.name + "\n" for path in order))


if __name__ == "__main__":
    main()
