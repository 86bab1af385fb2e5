"""depthd as systemd sees it."""
import contextlib
import pathlib
import subprocess
from collections.abc import Iterator

from report import require, wait_until

UNIT = "depthd.service"
CONFIGURATION = pathlib.Path("/etc/depthd/config.toml")
STATE = pathlib.Path("/var/lib/depthd")


def run(*command: str) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"{' '.join(command)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def systemctl(*arguments: str) -> str:
    return run("systemctl", *arguments)


def facts() -> dict[str, str]:
    """Everything `systemctl show` knows."""
    return dict(line.split("=", 1) for line in systemctl("show", UNIT).splitlines() if "=" in line)


def process() -> int:
    return int(facts()["MainPID"])


def wait_for_status(part: str, seconds: float = 180) -> str:
    """The line of `systemctl status` once it contains `part`."""
    lines: list[str] = []

    def line() -> str:
        lines.append(facts()["StatusText"])
        return lines[-1] if part in lines[-1] else ""

    return wait_until(line, f"{part!r} in the status", seconds)


def configure(**keys: str) -> None:
    """Writes values (as TOML) over those of the installed configuration; `camera_source` is camera.source."""
    table, lines = "", []
    pending = {tuple(name.split("_", 1)): value for name, value in keys.items()}
    for line in CONFIGURATION.read_text().splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        name = (table, line.split(" = ")[0])
        lines.append(f"{name[1]} = {pending.pop(name)}" if name in pending else line)
    require(not pending, f"the installed configuration has no {pending}")
    CONFIGURATION.write_text("\n".join(lines) + "\n")


@contextlib.contextmanager
def configured(**keys: str) -> Iterator[None]:
    """The service restarted with these values, and afterwards with those it had."""
    before = CONFIGURATION.read_text()
    try:
        configure(**keys)
        systemctl("restart", UNIT)
        yield
    finally:
        CONFIGURATION.write_text(before)
        systemctl("restart", UNIT)


def journal(*arguments: str) -> str:
    return run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT, *arguments)
