"""`systemctl reload`: the verdict as exit code and in the journal; a broken file changes nothing."""
import contextlib
import subprocess
import time
from collections.abc import Iterator

import service
from report import require
from service import CONFIGURATION, UNIT, systemctl
from subscriber import receive


def good() -> str:
    """A live key: applied between two frames, by the process that runs."""
    before = service.process()
    service.configure(depth_max_m="60.0")
    since = now()
    systemctl("reload", UNIT)
    require(service.process() == before, "the daemon was restarted")
    line = verdict(since, "depth.max_m")
    return f"{line}; then {receive(frames=1)}"


def broken() -> str:
    before = service.process()
    with broken_file():
        since = now()
        done = subprocess.run(["systemctl", "reload", UNIT], capture_output=True, text=True, check=False)
        require(done.returncode != 0, "systemctl reload succeeded")
        line = verdict(since, "max_m")
    facts = service.facts()
    require(facts["ActiveState"] == "active" and service.process() == before, facts)
    return f"exit {done.returncode}: {line}; then {receive(frames=1)}"


def broken_at_start() -> str:
    """The configuration that ran last is used, loudly."""
    with broken_file():
        since = now()
        systemctl("restart", UNIT)
        seen = receive(frames=1)
        line = verdict(since, "ran last")
    systemctl("restart", UNIT)
    return f"{line}; {seen}"


@contextlib.contextmanager
def broken_file() -> Iterator[None]:
    text = CONFIGURATION.read_text()
    service.configure(depth_max_m='"far"')
    try:
        yield
    finally:
        CONFIGURATION.write_text(text)


def now() -> str:
    return f"@{time.time():.6f}"


def verdict(since: str, part: str) -> str:
    """The journal's line, since then, that contains `part`."""
    lines = service.journal("--since", since).splitlines()
    found = [line for line in lines if part in line]
    require(found, f"no journal line with {part!r} in {lines}")
    return found[0]
