"""Starting, watching and stopping the built daemon: each one in a folder of its own, never the system's."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import zmq

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPTHD = TOP / "bin" / "depthd"
DEPTHCTL = TOP / "bin" / "depthctl"
DATA = pathlib.Path(os.environ.get("DEPTHD_DATA", TOP / ".." / "shared" / "data")).resolve()
START_S = 60


def wait_until(holds, timeout=START_S):
    """Returns when `holds()` does; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to pass within {timeout} s"
        time.sleep(0.05)


def toml(tables):
    """A configuration file's text from {table: {key: value}}."""

    def literal(value):
        return json.dumps(value) if not isinstance(value, float) else repr(value)

    lines = []
    for table, entries in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {literal(value)}" for key, value in entries.items()]
    return "\n".join(lines) + "\n"


class NotifySocket:
    """What systemd would hear from the daemon."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.lines = []

    def collect(self, seconds):
        """All lines that arrive within `seconds`."""
        deadline, before = time.monotonic() + seconds, len(self.lines)
        while (rest := deadline - time.monotonic()) > 0:
            self._receive(rest)
        return self.lines[before:]

    def wait_for(self, line, timeout=START_S):
        deadline = time.monotonic() + timeout
        while line not in self.lines:
            rest = deadline - time.monotonic()
            assert rest > 0, f"{line} was not sent within {timeout} s, only {self.lines}"
            self._receive(rest)

    def _receive(self, seconds):
        self.socket.settimeout(max(0.001, seconds))
        try:
            self.lines += self.socket.recv(4096).decode().split("\n")
        except TimeoutError:
            pass


class Daemon:
    """One `depthd` process with a configuration, an endpoint folder and a state folder of its own."""

    def __init__(self, tables, environment=None):
        # Short, since a socket's path has at most 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="depthd-", dir="/tmp"))
        self.endpoints = self.folder / "run"
        self.state = self.folder / "state"
        self.config = self.folder / "config.toml"
        self.tables = {table: dict(entries) for table, entries in tables.items()}
        self.tables.setdefault("publish", {}).setdefault("directory", str(self.endpoints))
        self.tables.setdefault("state", {}).setdefault("directory", str(self.state))
        self.config.write_text(toml(self.tables))
        self.environment = {**os.environ, **(environment or {})}
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
            if name not in (environment or {}):
                self.environment.pop(name, None)
        self.process = None

    @property
    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def endpoint(self, name):
        return f"ipc://{self.endpoints}/{name}.sock"

    def launch(self):
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(
                [DEPTHD, "--config", self.config], stdout=log, stderr=log, env=self.environment)
        return self

    def start(self):
        """Launches the daemon and returns when it answers."""
        self.launch()
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}:\n{self.log}"
            if (self.endpoints / "control.sock").exists() and self.ask("status", timeout=1):
                return self
            time.sleep(0.05)
        raise AssertionError(f"the daemon does not answer:\n{self.log}")

    def ask(self, request, timeout=10, **arguments):
        """The control endpoint's reply, or None when none came in time."""
        with zmq.Context.instance().socket(zmq.REQ) as control:
            control.setsockopt(zmq.LINGER, 0)
            control.connect(self.endpoint("control"))
            control.send_json({"request": request, **arguments})
            return control.recv_json() if control.poll(timeout * 1000) else None

    def wait(self, timeout=START_S):
        """Waits for the process to end by itself; returns its exit code."""
        return self.process.wait(timeout)

    def stop(self, number=signal.SIGTERM):
        """Asks the daemon to end; returns its exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(START_S)
        return code, time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind:
            print(f"--- log of the daemon in {self.folder}\n{self.log}")
        shutil.rmtree(self.folder, ignore_errors=True)


def depthctl(*arguments, timeout=300, check=True, environment=None):
    """Runs depthctl; returns the finished process with its output as text."""
    done = subprocess.run(
        [DEPTHCTL, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
        env={**os.environ, **(environment or {})})
    if check:
        assert done.returncode == 0, f"depthctl {arguments} ended with {done.returncode}:\n{done.stderr}{done.stdout}"
    return done


def depthctl_json(*arguments, **options):
    """The JSON object on the last line of a `--json` command's output."""
    return json.loads(depthctl(*arguments, **options).stdout.splitlines()[-1])
