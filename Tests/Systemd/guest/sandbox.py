"""What the unit's sandbox allows and what it does not."""
import os
import pathlib
import re
import subprocess

import service
from report import require
from service import systemctl
from subscriber import receive

STRANGER = ["setpriv", "--reuid=1001", "--regid=1001", "--clear-groups", "--"]


def strangers_are_refused() -> str:
    done = subprocess.run([*STRANGER, "ls", "/run/depthd"], capture_output=True, text=True, check=False)
    require(done.returncode != 0 and "Permission denied" in done.stderr, f"{done.stdout}{done.stderr}")
    return done.stderr.strip()


def dynamic_user() -> str:
    facts = dict(
        line.split(":\t", 1)
        for line in pathlib.Path(f"/proc/{service.process()}/status").read_text().splitlines()
        if ":\t" in line
    )
    user = int(facts["Uid"].split()[0])
    require(61184 <= user <= 65519, f"user {user}")
    require(int(facts["CapEff"], 16) == 0 and int(facts["CapBnd"], 16) == 0, f"capabilities {facts['CapEff']}")
    require(facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", facts)
    return f"user {user}, no capability"


def pinned_cores() -> str:
    with service.configured(model_pinned_cores="[0, 1]", model_threads="2"):
        receive(frames=1)
        threads = os.listdir(f"/proc/{service.process()}/task")
        bound = [thread for thread in threads if len(os.sched_getaffinity(int(thread))) == 1]
        require(bound, "no thread is bound to one core")
    return f"{len(bound)} of {len(threads)} threads"


def can_bus() -> str:
    """Opens a CAN socket inside a copy of the unit's sandbox."""
    service.run("modprobe", "can_raw")
    unit = systemctl("cat", "depthd")
    probe = "/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)'"
    unit = re.sub(r"(?m)^(Exec\w+|Restart|WatchdogSec|(State|Runtime|Configuration)Directory)=.*\n", "", unit)
    unit = re.sub(r"(?m)^Type=notify$", f"Type=oneshot\nExecStart={probe}", unit)
    pathlib.Path("/run/systemd/system/depthd-probe.service").write_text(unit)
    systemctl("daemon-reload")
    systemctl("start", "depthd-probe")
    return "opened"


def exposure() -> str:
    line = service.run("systemd-analyze", "security", "--no-pager", "depthd").splitlines()[-1]
    level = re.search(r"exposure level for depthd.service: ([0-9.]+)", line)
    require(level is not None and float(level.group(1)) <= 2.0, line)
    return level.group(1)
