"""`depthctl doctor`, run by the administrator beside the running service."""
import os
import subprocess

import camera
import service
from report import Failure, require, wait_until
from service import systemctl
from subscriber import receive


def clean() -> str:
    """A calibrated camera that delivers: nothing is to be done."""
    receive(frames=1)
    said: list[str] = []

    def is_content() -> bool:
        code, text = examine()
        said.append(text)
        return code == 0

    try:
        wait_until(is_content, "a clean bill of health")
    except Failure as failure:
        raise Failure(f"{failure}; {said[-1]}") from failure
    return said[-1].splitlines()[-1]


def examine() -> tuple[int, str]:
    done = subprocess.run(
        ["depthctl", "doctor", "--config", str(service.CONFIGURATION)], capture_output=True, text=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def without_camera() -> str:
    camera.unplug()
    try:
        service.wait_for_status("no camera")
        code, said = examine()
    finally:
        camera.plug_in()
    require(code == 2 and "camera" in said, f"exit {code}: {said}")
    return said.splitlines()[0]


def busy_camera() -> str:
    """The sandbox hides other processes from the daemon; the administrator sees them."""
    systemctl("stop", "depthd")
    with camera.held():
        systemctl("start", "depthd")
        service.wait_for_status("in use by another program")
        code, said = examine()
    require(code == 2 and "camera_busy" in said and f"(process {os.getpid()})" in said, f"exit {code}: {said}")
    return f"{said.splitlines()[0]}; then {receive(frames=1)}"


def without_daemon() -> str:
    systemctl("stop", "depthd")
    code, said = examine()
    systemctl("start", "depthd")
    require(code == 2, f"exit {code}: {said}")
    return said.splitlines()[0]
