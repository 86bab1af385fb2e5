"""One line for each check on the console; the journal for one that fails."""
import subprocess
import time
import traceback
from collections.abc import Callable


class Failure(Exception):
    """A check does not hold; the text says what was seen."""


def require(holds: bool, seen: object) -> None:
    if not holds:
        raise Failure(str(seen))


def say(line: str) -> None:
    print("VM-TEST " + line, flush=True)


def check(what: str, body: Callable[[], object]) -> None:
    """Runs a check and reports it; what the body returns says what was seen."""
    start = time.monotonic()
    try:
        seen = body()
    except Failure as failure:
        report_failure(what, str(failure))
    except Exception:
        report_failure(what, traceback.format_exc(limit=-3))
    else:
        say(f"pass: {what} ({seen}; {time.monotonic() - start:.0f} s)")


def report_failure(what: str, seen: str) -> None:
    say(f"FAIL: {what} ({seen.strip()})".replace("\n", "\nVM-TEST   "))
    journal = subprocess.run(
        ["journalctl", "--no-pager", "-o", "short-monotonic", "-n", "40", "-u", "depthd"],
        capture_output=True, text=True, check=False,
    )
    for line in journal.stdout.splitlines():
        say("  | " + line)
    # Whatever is left of this check: the next one begins with a fresh process.
    subprocess.run(["systemctl", "restart", "depthd"], capture_output=True, check=False)


def wait_until(condition: Callable[[], object], what: str, seconds: float = 180) -> object:
    """The first true value of the condition; patient, for this machine emulates every instruction."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        require(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.1)
